use std::borrow::Cow;
use std::collections::BTreeMap;

use jan_commands::response::{ChatWish, ConversationRef, Delivery};
use jan_domain::id::ConversationId;
use jan_domain::response::Retention;
use jan_domain::{Json, UserMetadata};
use serde_json::Value;
use serde_json::value::RawValue;

use super::message::messages;
use super::parameter::{Fate, PARAMETERS};
use crate::error::ApiError;

/// The fields of a body, unread. Names we do not know are accepted and go nowhere.
struct Fields<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

/// Reads a chat completion's body. The text has been checked by [`crate::body::JsonText`].
pub(super) fn wish(text: &str, lenient: bool) -> Result<ChatWish, ApiError> {
    let fields = Fields(crate::body::read(text, lenient)?);
    let model = model(&fields)?;
    let messages = messages(
        fields
            .get("messages")
            .ok_or_else(|| ApiError::missing("messages"))?,
    )?;
    let mut parameters = Vec::new();
    for parameter in PARAMETERS {
        let Some(raw) = fields.get(parameter.name) else {
            continue;
        };
        parameter.check(raw)?;
        if parameter.fate == Fate::Forwarded {
            parameters.push((parameter.name, Json::from(raw.to_owned())));
        }
    }
    let stream = fields.read("stream").is_some_and(|value| value == true);
    let include_usage = fields
        .read("stream_options")
        .is_some_and(|options| options["include_usage"] == true);
    let conversation = conversation(&fields)?;
    let choices = fields.read("n").and_then(|n| n.as_u64()).unwrap_or(1);
    Ok(ChatWish {
        model,
        messages,
        parameters,
        delivery: if stream {
            Delivery::Stream { include_usage }
        } else {
            Delivery::Whole
        },
        choices: usize::try_from(choices).unwrap_or(1),
        retention: retention(&fields),
        conversation,
        store_reasoning: fields
            .read("store_reasoning")
            .is_some_and(|value| value == true),
        metadata: metadata(&fields)?,
        repeatable: false,
    })
}

impl Fields<'_> {
    /// The value of a field that is there and not null.
    fn get(&self, name: &str) -> Option<&RawValue> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
    }

    fn read(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }
}

fn model(fields: &Fields<'_>) -> Result<String, ApiError> {
    match fields.read("model") {
        None => Err(ApiError::missing("model")),
        Some(Value::String(model)) if !model.is_empty() => Ok(model),
        Some(Value::String(_)) => {
            Err(ApiError::invalid_value("Expected the name of a model.").at("model"))
        }
        Some(_) => Err(ApiError::invalid_type("Expected a string.").at("model")),
    }
}

/// `store` as given; without it, a call is on record but not in the caller's lists.
fn retention(fields: &Fields<'_>) -> Retention {
    match fields.read("store") {
        Some(Value::Bool(true)) => Retention::Stored,
        Some(Value::Bool(false)) => Retention::UsageOnly,
        _ => Retention::Recorded,
    }
}

/// Jan's `conversation`: an id, an object with one, or an empty one to begin a new conversation.
fn conversation(fields: &Fields<'_>) -> Result<Option<ConversationRef>, ApiError> {
    let id = match fields.read("conversation") {
        None => return Ok(None),
        Some(Value::String(id)) => id,
        Some(Value::Object(named)) => match named.get("id") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(id)) => id.clone(),
            Some(_) => {
                return Err(ApiError::invalid_type("Expected a string.").at("conversation.id"));
            }
        },
        Some(_) => {
            return Err(
                ApiError::invalid_type("Expected a string or an object.").at("conversation")
            );
        }
    };
    if id.is_empty() {
        return Ok(Some(ConversationRef::New { referrer: None }));
    }
    match ConversationId::parse(&id) {
        Ok(id) => Ok(Some(ConversationRef::Existing(id))),
        Err(invalid) => {
            Err(ApiError::invalid_value(format!("Invalid id: {invalid}.")).at("conversation"))
        }
    }
}

fn metadata(fields: &Fields<'_>) -> Result<UserMetadata, ApiError> {
    let Some(raw) = fields.get("metadata") else {
        return Ok(UserMetadata::default());
    };
    let pairs: BTreeMap<String, String> = serde_json::from_str(raw.get()).map_err(|_| {
        ApiError::invalid_type("Expected an object whose values are strings.").at("metadata")
    })?;
    Ok(UserMetadata::parse(pairs)?)
}
