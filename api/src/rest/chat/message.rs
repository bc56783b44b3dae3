use std::borrow::Cow;

use jan_commands::response::ChatMessage;
use jan_domain::Json;
use jan_domain::item::Role;
use jan_domain::media::reference;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::ApiError;

/// Messages of one call.
const MESSAGES_MAX: usize = 10_000;
/// Parts of one message.
const PARTS_MAX: usize = 1_000;
/// Pictures of one message.
const IMAGES_MAX: usize = 20;

/// The outline of a message; what it does not name goes to the provider unread.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow, default)]
    role: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    tool_call_id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    function_call: Option<&'a RawValue>,
    #[serde(borrow, default)]
    refusal: Option<&'a RawValue>,
    #[serde(borrow, default)]
    audio: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Part<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    image_url: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ImageUrl<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
}

/// Checks the messages of a call and keeps them as they came.
pub(super) fn messages(raw: &RawValue) -> Result<Vec<ChatMessage>, ApiError> {
    let list: Vec<&RawValue> = serde_json::from_str(raw.get())
        .map_err(|_| ApiError::invalid_type("Expected a list of messages.").at("messages"))?;
    if list.is_empty() {
        return Err(ApiError::invalid_value("Expected at least one message.").at("messages"));
    }
    if list.len() > MESSAGES_MAX {
        let message = format!("Expected at most {MESSAGES_MAX} messages.");
        return Err(ApiError::invalid_value(message).at("messages"));
    }
    let numbered = list.into_iter().enumerate();
    numbered
        .map(|(at, raw)| message(&format!("messages[{at}]"), raw))
        .collect()
}

fn message(path: &str, raw: &RawValue) -> Result<ChatMessage, ApiError> {
    let outline: Outline<'_> =
        object(raw).ok_or_else(|| ApiError::invalid_type("Expected a message object.").at(path))?;
    let role = role(path, &outline)?;
    match outline.content.filter(|content| content.get() != "null") {
        Some(content) => check_content(path, content)?,
        None if role == Role::Assistant && says_otherwise(&outline) => {}
        None => return Err(ApiError::missing(&format!("{path}.content"))),
    }
    if role == Role::Tool && !outline.tool_call_id.is_some_and(is_text) {
        return Err(ApiError::missing(&format!("{path}.tool_call_id")));
    }
    Ok(ChatMessage {
        role,
        json: Json::from(raw.to_owned()),
    })
}

/// An object of this shape. A list would do for any of our shapes as far as serde is concerned.
fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    let text = raw.get();
    let read = text.starts_with('{').then(|| serde_json::from_str(text));
    read?.ok()
}

fn role(path: &str, outline: &Outline<'_>) -> Result<Role, ApiError> {
    let param = format!("{path}.role");
    let raw = outline.role.ok_or_else(|| ApiError::missing(&param))?;
    let word: Cow<'_, str> = serde_json::from_str(raw.get())
        .map_err(|_| ApiError::invalid_type("Expected a string.").at(&param))?;
    if word == "function" {
        let why = "use role 'tool' with a 'tool_call_id'";
        return Err(ApiError::unsupported(&param, why));
    }
    Role::parse(&word).ok_or_else(|| {
        let known = "developer, system, user, assistant, tool";
        ApiError::invalid_value(format!("Expected one of: {known}.")).at(&param)
    })
}

fn says_otherwise(outline: &Outline<'_>) -> bool {
    let given = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get() != "null");
    outline
        .tool_calls
        .as_ref()
        .is_some_and(|calls| !calls.is_empty())
        || given(outline.function_call)
        || given(outline.refusal)
        || given(outline.audio)
}

fn is_text(raw: &RawValue) -> bool {
    raw.get().starts_with('"')
}

fn check_content(path: &str, content: &RawValue) -> Result<(), ApiError> {
    if is_text(content) {
        return Ok(());
    }
    let path = format!("{path}.content");
    let parts: Vec<&RawValue> = serde_json::from_str(content.get())
        .map_err(|_| ApiError::invalid_type("Expected a string or a list of parts.").at(&path))?;
    if parts.is_empty() || parts.len() > PARTS_MAX {
        let message = format!("Expected 1 to {PARTS_MAX} parts.");
        return Err(ApiError::invalid_value(message).at(&path));
    }
    let mut images = 0;
    for (at, raw) in parts.into_iter().enumerate() {
        let path = format!("{path}[{at}]");
        let part: Part<'_> = object(raw).ok_or_else(|| {
            ApiError::invalid_type("Expected a content part with a 'type'.").at(&path)
        })?;
        images += usize::from(part.image_url.is_some());
        check_part(&path, &part)?;
    }
    if images > IMAGES_MAX {
        let message = format!("Expected at most {IMAGES_MAX} images in a message.");
        return Err(ApiError::invalid_value(message).at(&path));
    }
    Ok(())
}

fn check_part(path: &str, part: &Part<'_>) -> Result<(), ApiError> {
    match part.kind.as_ref() {
        "text" if part.text.is_some_and(is_text) => Ok(()),
        "text" => Err(ApiError::missing(&format!("{path}.text"))),
        "image_url" => check_image(path, part.image_url),
        "refusal" | "input_audio" | "file" => Ok(()),
        _ => {
            let known = "text, image_url, input_audio, file, refusal";
            let error = ApiError::invalid_value(format!("Expected one of: {known}."));
            Err(error.at(format!("{path}.type")))
        }
    }
}

fn check_image(path: &str, raw: Option<&RawValue>) -> Result<(), ApiError> {
    let param = format!("{path}.image_url.url");
    let raw = raw.ok_or_else(|| ApiError::missing(&param))?;
    let image: ImageUrl<'_> = object(raw).ok_or_else(|| ApiError::missing(&param))?;
    let known = ["https://", "http://", "data:image/"];
    let known = known.iter().any(|scheme| image.url.starts_with(scheme));
    if known || reference(&image.url).is_some() {
        return Ok(());
    }
    let message = "Expected an http(s) or data:image URL, or the id of an image.";
    Err(ApiError::invalid_value(message).at(param))
}
