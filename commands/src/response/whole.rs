use bytes::{BufMut, Bytes, BytesMut};
use jan_domain::Json;
use jan_domain::json::{repaired, within_bounds};
use jan_domain::ports::ProviderFailure;
use jan_domain::response::{Answer, Usage};
use serde_json::Value;
use serde_json::value::RawValue;

use super::chunk::{Completion, text_of, with_id};
use super::continuation::Continuation;
use super::open_run::OpenRun;
use super::reply::failed;
use super::retell::Told;
use super::{ChatError, ChatReply, ChatWish};

/// Records a whole answer and then gives it: as it came, with our id, and with the conversation
/// when there is one.
pub(super) async fn reply(
    mut run: OpenRun,
    wish: &ChatWish,
    json: &Bytes,
) -> Result<ChatReply, ChatError> {
    run.run().mark_first_token();
    let text = text_of(json);
    let text = repaired(text.trim_end());
    if within_bounds(&text).is_err() {
        return Err(failed(run, ProviderFailure::Garbled).await);
    }
    let Ok(completion) = serde_json::from_str::<Completion<'_>>(&text) else {
        return Err(failed(run, ProviderFailure::Garbled).await);
    };
    let Some(choices) = choices_of(&completion) else {
        return Err(failed(run, ProviderFailure::Garbled).await);
    };
    let usage: Usage = completion.usage.unwrap_or_default().into();
    let answer = recorded_answer(&completion, &wish.model, run.run().keeps_content);
    let message = match (choices.first(), &run.run().continuation) {
        (Some(first), Some(_)) => serde_json::from_str(first.message.get()).unwrap_or_default(),
        _ => Value::Null,
    };
    let id = run.run().id.clone();
    let body = with_id(&text, completion.id.as_ref(), id.as_str());
    let conversation = run.run().continuation.as_ref().map(Continuation::mention);
    let created = run.run().commands.clock.now().timestamp();
    let streamed = wish.delivery.is_stream().then(|| Told {
        id: id.as_str(),
        created,
        answer: answer.clone(),
        choices: serde_json::from_str(completion.choices.get()).unwrap_or_default(),
        usage,
    });
    run.complete(answer, usage, &message).await?;
    Ok(match streamed {
        Some(told) => told.stream(wish.delivery.tells_usage(), conversation),
        None => ChatReply::Whole(with_conversation(body, conversation)),
    })
}

#[derive(serde::Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: &'a RawValue,
}

/// The choices, if each of them has a message that is an object; anything else is no answer.
fn choices_of<'a>(completion: &Completion<'a>) -> Option<Vec<Choice<'a>>> {
    let choices: Vec<Choice<'_>> = serde_json::from_str(completion.choices.get()).ok()?;
    let is_object = |choice: &Choice<'_>| choice.message.get().starts_with('{');
    choices.iter().all(is_object).then_some(choices)
}

fn recorded_answer(completion: &Completion<'_>, asked_model: &str, keep: bool) -> Answer {
    let text = |told: &Option<super::chunk::Text<'_>>| told.as_ref().map(|text| text.0.to_string());
    Answer {
        provider_id: text(&completion.id),
        model: text(&completion.model).unwrap_or_else(|| asked_model.to_owned()),
        body: if keep {
            completion.choices.to_owned().into()
        } else {
            Json::of(&())
        },
        system_fingerprint: text(&completion.system_fingerprint),
        service_tier: text(&completion.service_tier),
    }
}

fn with_conversation(body: Bytes, conversation: Option<Value>) -> Bytes {
    let Some(conversation) = conversation else {
        return body;
    };
    let Some(open) = body.strip_suffix(b"}") else {
        return body;
    };
    let mut extended = BytesMut::with_capacity(body.len() + 64);
    extended.put_slice(open);
    extended.put_slice(b",\"conversation\":");
    extended.put_slice(conversation.to_string().as_bytes());
    extended.put_slice(b"}");
    extended.freeze()
}
