//! Asking again: what a response was wished with, and what comes of it this time.

use axum::response::Response;
use jan_commands::run::{Accepted, Attendance, RunWish, create_run, follow, wish_again};
use jan_domain::Caller;
use jan_domain::id::ResponseId;
use serde_json::{Map, Value, json};

use super::create::{last, told};
use super::portrait::{Portrait, Stand};
use super::warnings::Warnings;
use super::{body, jan};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::ApiState;

/// What comes of asking again.
pub(crate) enum Answered {
    /// A stream of events.
    Stream(Response),
    /// A response that has ended, however that was.
    Whole(Box<Whole>),
}

/// A response that has ended.
pub(crate) struct Whole {
    pub(crate) id: ResponseId,
    /// As the caller is shown it.
    pub(crate) object: Value,
}

/// The wish behind a response, by another model if one is named; a plain wish where nothing is known.
pub(crate) async fn wish(
    state: &ApiState,
    caller: &Caller,
    context: &RequestContext,
    (like, model): (Option<&ResponseId>, Option<String>),
) -> Result<RunWish, ApiError> {
    let like = match like {
        Some(id) => Some(wish_again(&state.commands, caller, id).await?),
        None => None,
    };
    let model = model.or_else(|| like.as_ref().map(|wish| wish.model.clone()));
    let plain = plain(&model.ok_or_else(|| ApiError::missing("model"))?, context)?;
    let Some(mut wish) = like else {
        return Ok(plain);
    };
    wish.model = plain.model;
    for (name, default) in plain.request.shown {
        let given = wish.request.parameters.get(&name).cloned();
        let shown = &mut wish.request.shown;
        shown.entry(name).or_insert(given.unwrap_or(default));
    }
    Ok(wish)
}

fn plain(model: &str, context: &RequestContext) -> Result<RunWish, ApiError> {
    let fields = [("model", json!(model)), ("input", json!(""))];
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let ids = (context.ids.as_ref(), context.flavour);
    let mut wish = body::wish(fields, ids, &mut Warnings::default())?;
    wish.input.clear();
    Ok(wish)
}

/// Makes the response that is wished, and tells it or waits for its end.
pub(crate) async fn ask(
    state: &ApiState,
    caller: &Caller,
    context: &RequestContext,
    mut wish: RunWish,
) -> Result<Answered, ApiError> {
    wish.repeatable = context.repeatable;
    let (commands, ids) = (&state.commands, std::sync::Arc::clone(&context.ids));
    let asked = wish.clone();
    let Accepted {
        id,
        at,
        input,
        attendance,
    } = create_run(commands, caller, &context.request, ids, wish).await?;
    let portrait = Portrait::of_wish(&asked, id.clone(), at);
    let instructions = asked.request.instructions;
    let painter = jan::Painter::new(context.flavour, portrait, &input, instructions);
    let (events, guard) = match attendance {
        Attendance::Waiting { channel, guard } => (channel.read(0), Some(guard)),
        Attendance::Away | Attendance::Before => (follow(commands, &id, 0), None),
    };
    if asked.stream {
        return Ok(Answered::Stream(told(painter, events, guard)));
    }
    let outcome = last(events).await;
    drop(guard);
    let outcome = outcome.ok_or_else(ApiError::panicked)?;
    let object = painter.object(Stand::ended(&outcome));
    Ok(Answered::Whole(Box::new(Whole { id, object })))
}
