use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jan_commands::run::delete_run;
use serde_json::json;

use super::cancel;
use crate::caller::Authenticated;
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::rest::path_id::{InPath, RunId};
use crate::state::ApiState;

/// Delete a response that has ended. Under Jan's prefix this cancels it, as Jan does.
#[utoipa::path(
    delete,
    path = "/v1/responses/{response_id}",
    operation_id = "delete_response",
    tag = "Responses",
    params(("response_id" = String, Path)),
    responses((status = 200, body = serde_json::Value)),
)]
pub(super) async fn delete(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(RunId(id)): InPath<RunId>,
) -> Result<Response, ApiError> {
    if context.flavour == Flavour::Jan {
        return cancel::cancelled(&state, &caller, &context, &id).await;
    }
    delete_run(&state.commands, &caller, &context.request, &id).await?;
    let body = json!({"id": id, "object": "response", "deleted": true});
    Ok(Json(body).into_response())
}
