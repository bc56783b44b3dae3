//! A response once more: told again from its record, or made again beside it.

pub(crate) mod comparison;
mod execution;
pub(crate) mod frames;

use axum::Json;
use axum::extract::{FromRequestParts, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, header};
use jan_commands::run::follow;
use jan_commands::store::{Moment, Past};
use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::response::{Response as Recorded, ResponseError};
use jan_projections::RunRow;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

pub(crate) use self::execution::Terms;
use self::execution::execute;
use super::portrait::Portrait;
use super::{past, stream};
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::moment::{MomentParams, asked};
use crate::rest::page::ListQuery;
use crate::rest::path_id::{InPath, RunId};
use crate::state::ApiState;

/// How to replay. Unknown fields go nowhere.
#[derive(Deserialize, ToSchema)]
pub(super) struct Replay {
    /// Whether the response is made again, beside the one on record; only told again when absent.
    re_execute: Option<bool>,
    /// Which model makes it; the same when absent.
    model: Option<String>,
    /// Whether tools that change something may be called again. Without it, a response that called one
    /// is not made again, and one that could have is made without them.
    allow_unsafe_tools: Option<bool>,
}

/// Replay a response: what happened, event by event, from the record alone. Nothing is called.
///
/// Asked for `text/event-stream`, the events of its stream are sent again. With `re_execute` it is made
/// again: in a fork of its conversation as that stood then, or beside it, never onto the original; the
/// answer compares the two.
#[utoipa::path(
    post,
    path = "/v1/responses/{response_id}/replay",
    operation_id = "replay_response",
    tag = "Responses",
    params(
        ("response_id" = String, Path),
        ("re_execute" = Option<bool>, Query, description = "As in the body"),
        MomentParams,
    ),
    request_body = Replay,
    responses((status = 200, description = "The replay, a comparison, or a stream of events", body = Value)),
)]
pub(super) async fn replay(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    InPath(RunId(id)): InPath<RunId>,
    way: Way,
    JsonBody(body): JsonBody<Replay>,
) -> Result<Response, ApiError> {
    if way.re_execute.or(body.re_execute) == Some(true) {
        let terms = Terms {
            model: body.model,
            unsafe_tools: body.allow_unsafe_tools == Some(true),
        };
        let asking = (&state, &*caller, &way.context);
        let made = re_execute(asking, (&id, way.asked), terms).await?;
        return Ok(Json(made).into_response());
    }
    let told = past::found(&state.commands, &caller, &id, way.asked).await?;
    if way.streams {
        let row = ended(&id, &told)?;
        let events = follow(&state.commands, &id, 0);
        return Ok(stream::response(Portrait::of_row(&row), events, ()));
    }
    Ok(Json(frames::replay(&id, &told)).into_response())
}

/// Makes a response again, as it was asked for at a moment, and compares the two.
pub(crate) async fn re_execute(
    (state, caller, context): (&ApiState, &Caller, &RequestContext),
    (id, asked): (&ResponseId, (&str, Moment)),
    terms: Terms,
) -> Result<Value, ApiError> {
    let told = past::found(&state.commands, caller, id, asked).await?;
    ended(id, &told)?;
    execute((state, caller, context), (id, &told), terms).await
}

fn ended(id: &ResponseId, told: &Past<Recorded>) -> Result<RunRow, ApiError> {
    let row = past::row(told, id).ok_or_else(|| ApiError::not_found("response", id))?;
    if row.status.is_final() {
        Ok(row)
    } else {
        Err(ResponseError::StillOpen.into())
    }
}

/// What a request says of its replay beside its body.
pub(super) struct Way {
    context: RequestContext,
    asked: (&'static str, Moment),
    re_execute: Option<bool>,
    streams: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Way {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = ListQuery::from_request_parts(parts, state).await?;
        let Ok(context) = RequestContext::from_request_parts(parts, state).await;
        let asked = asked(&query)?;
        let streams = wants_stream(&parts.headers);
        if let Some((name, _)) = asked.filter(|_| streams) {
            let message = "A stream is told again as a whole.";
            return Err(ApiError::invalid_value(message).at(name));
        }
        let re_execute = match query.get("re_execute")? {
            None => None,
            Some("true" | "1") => Some(true),
            Some("false" | "0") => Some(false),
            Some(_) => {
                let message = "Expected 'true' or 'false'.";
                return Err(ApiError::invalid_value(message).at("re_execute"));
            }
        };
        Ok(Self {
            context,
            asked: asked.unwrap_or(("at_version", Moment::Head)),
            re_execute,
            streams,
        })
    }
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/event-stream"))
}
