use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jan_projections::{RunRow, StepRow};
use serde_json::{Value, json};

use super::get::found;
use super::past;
use super::trace::trace;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::rest::moment::{MomentParams, Shown, asked};
use crate::rest::page::ListQuery;
use crate::rest::path_id::{InPath, RunId};
use crate::state::ApiState;

/// Read what a response did, step by step: each question to the model, list of tools and tool call,
/// with its outcome and how long it took.
#[utoipa::path(
    get,
    path = "/v1/responses/{response_id}/steps",
    operation_id = "list_response_steps",
    tag = "Responses",
    params(("response_id" = String, Path), MomentParams),
    responses((status = 200, body = Value)),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(RunId(id)): InPath<RunId>,
    query: ListQuery,
) -> Result<Response, ApiError> {
    if let Some(asked) = asked(&query)? {
        let past = past::found(&state.commands, &caller, &id, asked).await?;
        let row = past::row(&past, &id);
        let row = row.ok_or_else(|| ApiError::not_found("response", &id))?;
        let body = Json(listed(&row, &past::steps(&past)));
        let shown = past.last().cloned().map(Shown::of);
        return Ok((shown, body).into_response());
    }
    let (fresh, row) = found(&state.reads, &caller, &context, &id).await?;
    let steps = state.reads.runs.steps_of(&row).await?;
    Ok((fresh, Json(listed(&row, &steps))).into_response())
}

fn listed(row: &RunRow, steps: &[StepRow]) -> Value {
    let mut body = trace(row, steps);
    body["object"] = json!("list");
    body["data"] = body["steps"].take();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("steps");
    }
    body
}
