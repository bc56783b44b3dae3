//! What can be asked about a context without a response: how large it is, and a shorter one.

use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::item::{Item, ItemStatus};
use jan_domain::metadata::Request;
use jan_domain::ports::{ChatAnswer, ChatCall, IdGenerator, ProviderFailure};
use jan_domain::response::Usage;
use serde_json::{Value, json};

use super::said_item::opaque;
use super::{InputItem, RunError, RunWish, context};
use crate::Commands;
use jan_domain::item::chat_messages;

/// What a model is told when it is to shorten a context.
const ORDER: &str = "Summarise the conversation so far for a reader who will continue it and sees \
    nothing but your summary. Keep every fact, name, number, decision and open question; leave out \
    pleasantries. Answer with the summary only.";

/// A shorter context, and what it cost to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Compacted {
    /// The items that stand for the whole: what the user said last, and the compaction.
    pub output: Vec<Item>,
    /// What making it cost.
    pub usage: Usage,
}

/// Lets the model shorten a context. Nothing of it is recorded.
pub async fn compact(
    commands: &Commands,
    caller: &Caller,
    (request, ids): (&Request, &dyn IdGenerator),
    wish: &RunWish,
) -> Result<Result<Compacted, ProviderFailure>, RunError> {
    let context = context_of(commands, caller, wish).await?;
    let route = commands.models.find(&wish.model);
    let route = route.ok_or_else(|| RunError::ModelNotFound(wish.model.clone()))?;
    let _permit = commands.admit().ok_or(RunError::TooBusy)?;
    let mut messages = chat_messages(&context);
    messages.push(json!({"role": "user", "content": ORDER}));
    let body = json!({"model": &*route.upstream_model, "messages": messages});
    let media = &commands.media;
    let body = media.show(&caller.owner, body.to_string().into()).await;
    let call = ChatCall {
        body: body.map_err(RunError::Media)?,
        stream: false,
        traceparent: request.traceparent.clone(),
    };
    let answer = match route.provider.chat(call).await {
        Ok(ChatAnswer::Whole(json)) => json,
        Ok(ChatAnswer::Stream(_)) => return Ok(Err(ProviderFailure::Garbled)),
        Err(failure) => return Ok(Err(failure)),
    };
    let Ok(told) = serde_json::from_slice::<Value>(&answer) else {
        return Ok(Err(ProviderFailure::Garbled));
    };
    let Some(summary) = told["choices"][0]["message"]["content"].as_str() else {
        return Ok(Err(ProviderFailure::Garbled));
    };
    let count = |name: &str| told["usage"][name].as_u64().unwrap_or_default();
    let compaction = json!({"type": "compaction", "encrypted_content": summary});
    let kept = context
        .into_iter()
        .rev()
        .find(|item| item.role() == Some(jan_domain::item::Role::User));
    let made = opaque(ids.item("cmp_"), ItemStatus::Completed, compaction);
    Ok(Ok(Compacted {
        output: kept.into_iter().chain([made]).collect(),
        usage: Usage {
            input_tokens: count("prompt_tokens"),
            output_tokens: count("completion_tokens"),
            ..Usage::default()
        },
    }))
}

/// About how many tokens a request's context has: a token is taken for four bytes of what the model
/// would be shown, and each message for four tokens more. No provider is asked.
pub async fn count_input(
    commands: &Commands,
    caller: &Caller,
    wish: &RunWish,
) -> Result<u64, RunError> {
    let context = context_of(commands, caller, wish).await?;
    if commands.models.find(&wish.model).is_none() {
        return Err(RunError::ModelNotFound(wish.model.clone()));
    }
    let mut texts: Vec<String> = chat_messages(&context)
        .iter()
        .map(|message| message["content"].to_string())
        .collect();
    texts.extend(wish.request.instructions.clone());
    texts.extend(wish.request.functions.iter().map(Value::to_string));
    let tokens = texts.iter().map(|text| text.len().div_ceil(4) + 4);
    Ok(tokens.sum::<usize>() as u64)
}

/// Everything a request shows a model.
pub(super) async fn context_of(
    commands: &Commands,
    caller: &Caller,
    wish: &RunWish,
) -> Result<Vec<Item>, RunError> {
    let live = match &wish.conversation {
        Some(id) => Some(context::open_conversation(commands, caller, id).await?.1),
        None => None,
    };
    let previous: Option<&ResponseId> = wish.previous.as_ref();
    let mut all = context::history(commands, &caller.owner, previous, live.as_ref()).await?;
    let input: Vec<InputItem> = wish.input.clone();
    let own = context::resolve(commands, caller, &all, input).await?;
    all.extend(own);
    Ok(all)
}
