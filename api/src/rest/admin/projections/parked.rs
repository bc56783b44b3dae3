use axum::Json;
use axum::extract::State;
use jan_domain::Caller;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::projection::ProjectionCommand;
use jan_projections::{Parked, ProjectionOperator, ReadModel, Retried, Selection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Name;
use crate::body::JsonBody;
use crate::caller::{Administrator, Authenticated};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::path_id::InPath;
use crate::state::ApiState;

/// Events that were set aside.
#[derive(Serialize, ToSchema)]
pub(super) struct ParkedListBody {
    /// `list`
    object: &'static str,
    /// In the order of the log.
    data: Vec<ParkedBody>,
}

/// An event that was set aside.
#[derive(Serialize, ToSchema)]
struct ParkedBody {
    /// Its place in the log.
    position: i64,
    /// Its stream.
    stream: String,
    /// What is wrong with it, or that it follows one that is.
    error: String,
    /// How often it was tried; 0 if it only follows.
    attempts: i32,
    /// Unix seconds.
    parked_at: i64,
}

/// What to try once more; everything, if nothing is named.
#[derive(Deserialize, ToSchema)]
pub(super) struct RetryParked {
    /// Only this stream.
    stream: Option<String>,
    /// Only the stream of the event at this position.
    position: Option<i64>,
}

/// Which event to leave out, and why.
#[derive(Deserialize, ToSchema)]
pub(super) struct SkipEvent {
    /// Its place in the log.
    position: Option<i64>,
    /// For whoever reads it later; at most 500 characters.
    reason: Option<String>,
}

/// What became of parked streams.
#[derive(Serialize, ToSchema)]
pub(super) struct RetriedListBody {
    /// `list`
    object: &'static str,
    /// One each.
    data: Vec<RetriedBody>,
}

/// What became of a parked stream.
#[derive(Serialize, ToSchema)]
struct RetriedBody {
    /// Which.
    stream: String,
    /// How many of its events were set aside.
    events: usize,
    /// Why it stays parked; null if it does not.
    error: Option<String>,
}

/// List the events that a projection has set aside because it could not fold them.
#[utoipa::path(get, path = "/v1/admin/projections/{projection}/parked",
    operation_id = "list_parked_events", tag = "Administration",
    params(("projection" = String, Path)), responses((status = 200, body = ParkedListBody)))]
pub(super) async fn list(
    State(operator): State<ProjectionOperator>,
    _: Administrator,
    name: InPath<Name>,
) -> Result<Json<ParkedListBody>, ApiError> {
    let parked = operator.parked(name.model()?).await?;
    Ok(Json(ParkedListBody {
        object: "list",
        data: parked.into_iter().map(ParkedBody::from).collect(),
    }))
}

/// Fold once more what was set aside.
#[utoipa::path(post, path = "/v1/admin/projections/{projection}/retry",
    operation_id = "retry_parked_events", tag = "Administration",
    params(("projection" = String, Path)), request_body = RetryParked,
    responses((status = 200, body = RetriedListBody)))]
pub(super) async fn retry(
    State(operator): State<ProjectionOperator>,
    _: Administrator,
    name: InPath<Name>,
    JsonBody(body): JsonBody<RetryParked>,
) -> Result<Json<RetriedListBody>, ApiError> {
    let selection = selection(body.stream, body.position)?;
    let retried = operator.retry(name.model()?, &selection).await?;
    Ok(Json(retried.into()))
}

/// What is to be tried once more.
pub(crate) fn selection(
    stream: Option<String>,
    position: Option<i64>,
) -> Result<Selection, ApiError> {
    match (stream, position) {
        (None, None) => Ok(Selection::All),
        (Some(stream), None) => Ok(Selection::Stream(stream)),
        (None, Some(position)) => Ok(Selection::Position(position)),
        (Some(_), Some(_)) => {
            let message = "Name a stream or a position, not both.";
            Err(ApiError::invalid_value(message).at("position"))
        }
    }
}

/// Leave an event out of a projection for good, on record, and let the rest of its stream in.
#[utoipa::path(post, path = "/v1/admin/projections/{projection}/skip",
    operation_id = "skip_event", tag = "Administration",
    params(("projection" = String, Path)), request_body = SkipEvent,
    responses((status = 200, body = RetriedListBody)))]
pub(super) async fn skip(
    State(state): State<ApiState>,
    (Authenticated(caller), _): (Authenticated, Administrator),
    context: RequestContext,
    name: InPath<Name>,
    JsonBody(body): JsonBody<SkipEvent>,
) -> Result<Json<RetriedListBody>, ApiError> {
    let model = name.model()?;
    let position = body.position.ok_or_else(|| ApiError::missing("position"))?;
    let reason = body.reason.ok_or_else(|| ApiError::missing("reason"))?;
    let asked = (&*caller, &context.request);
    let retried = skip_event(&state, asked, model, (position, reason)).await?;
    Ok(Json(retried.into()))
}

/// Puts on record that an event is left out, and lets the rest of its stream in.
pub(crate) async fn skip_event(
    state: &ApiState,
    (caller, request): (&Caller, &Request),
    model: ReadModel,
    (position, reason): (i64, String),
) -> Result<Vec<Retried>, ApiError> {
    let operator = &state.projections;
    let stream = operator.stream_at(position).await?;
    let command = ProjectionCommand::SkipEvent {
        position,
        stream: stream.clone(),
        reason,
        at: state.commands.clock.now(),
    };
    let metadata = Metadata::of(caller, request);
    let decisions = &state.commands.projections;
    decisions.execute(model.name(), command, &metadata).await?;
    Ok(operator.retry(model, &Selection::Stream(stream)).await?)
}

impl From<Parked> for ParkedBody {
    fn from(event: Parked) -> Self {
        Self {
            position: event.position,
            stream: event.aggregate_id,
            error: event.error,
            attempts: event.attempts,
            parked_at: event.parked_at.timestamp(),
        }
    }
}

impl From<Vec<Retried>> for RetriedListBody {
    fn from(retried: Vec<Retried>) -> Self {
        let data = retried.into_iter().map(|stream| RetriedBody {
            stream: stream.stream,
            events: stream.events,
            error: stream.error,
        });
        Self {
            object: "list",
            data: data.collect(),
        }
    }
}
