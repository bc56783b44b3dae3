use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use jan_commands::run::{
    Accepted, Attendance, Outcome, RunEnding, RunWish, StreamEvent, create_run, follow,
};
use jan_domain::Caller;
use serde_json::{Map, Value};

use super::empty_stores::name_empty_stores;
use super::portrait::{Portrait, Stand};
use super::schema::{CreateResponse, ResponseObject};
use super::tool_bounds::name_unknown_places;
use super::warnings::Warnings;
use super::{body, jan, jan_stream, stream};
use crate::body::{JsonText, takes_junk};
use crate::caller::Authenticated;
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::state::ApiState;

/// Create a response: ask a model, let it use tools, and await, stream or leave its answer.
///
/// What was accepted and has no effect is named in the header `x-jan-warnings`.
#[utoipa::path(
    post,
    path = "/v1/responses", operation_id = "create_response",
    tag = "Responses",
    request_body = CreateResponse,
    responses((status = 200, description = "The response, or a stream of events", body = ResponseObject)),
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    request: Request,
) -> Result<Response, ApiError> {
    let lenient = takes_junk(&request);
    let JsonText(text) = JsonText::from_request(request, &state).await?;
    let fields: Map<String, Value> = crate::body::read(&text, lenient)?;
    let mut warnings = Warnings::default();
    let ids = (context.ids.as_ref(), context.flavour);
    let mut wish = body::wish(fields, ids, &mut warnings)?;
    let places = state.server.search_places;
    name_unknown_places(&wish.request.bounds, places, &mut warnings);
    name_empty_stores(&state.reads, &caller, &wish.request.bounds, &mut warnings).await?;
    wish.repeatable = context.repeatable;
    let mut response = answer(&state, &caller, &context, wish).await?;
    warnings.tell(&mut response);
    Ok(response)
}

async fn answer(
    state: &ApiState,
    caller: &Caller,
    context: &RequestContext,
    wish: RunWish,
) -> Result<Response, ApiError> {
    let (commands, ids) = (&state.commands, std::sync::Arc::clone(&context.ids));
    let asked = wish.clone();
    let Accepted {
        id,
        at,
        input,
        attendance,
    } = create_run(commands, caller, &context.request, ids, wish).await?;
    let portrait = Portrait::of_wish(&asked, id.clone(), at);
    let painter = jan::Painter::new(
        context.flavour,
        portrait,
        &input,
        asked.request.instructions,
    );
    match attendance {
        Attendance::Waiting { channel, guard } => {
            let events = channel.read(0);
            if asked.stream {
                return Ok(told(painter, events, guard));
            }
            let outcome = last(events).await;
            drop(guard);
            let outcome = outcome.ok_or_else(ApiError::panicked)?;
            whole(&painter, &outcome)
        }
        Attendance::Away if !asked.stream => {
            Ok(Json(painter.object(Stand::open("queued"))).into_response())
        }
        Attendance::Before if !asked.stream => {
            let outcome = last(follow(commands, &id, 0)).await;
            let outcome = outcome.ok_or_else(ApiError::panicked)?;
            whole(&painter, &outcome)
        }
        Attendance::Away | Attendance::Before => Ok(told(painter, follow(commands, &id, 0), ())),
    }
}

pub(super) fn told(
    painter: jan::Painter,
    events: futures::stream::BoxStream<'static, jan_commands::run::Numbered>,
    held: impl Send + 'static,
) -> Response {
    match painter.flavour {
        Flavour::OpenAi => stream::response(painter.portrait, events, held),
        Flavour::Jan => jan_stream::response(painter, events, held),
    }
}

pub(super) async fn last(
    mut events: futures::stream::BoxStream<'static, jan_commands::run::Numbered>,
) -> Option<Outcome> {
    while let Some((_, event)) = events.next().await {
        if let StreamEvent::Ended(outcome) = event.as_ref() {
            return Some((**outcome).clone());
        }
    }
    None
}

/// A whole answer. A failure before anything was said is an error, as it is in chat.
fn whole(painter: &jan::Painter, outcome: &Outcome) -> Result<Response, ApiError> {
    match &outcome.ending {
        RunEnding::Failed(failure) if outcome.output.is_empty() => Err(failure.clone().into()),
        _ => Ok(Json(painter.object(Stand::ended(outcome))).into_response()),
    }
}
