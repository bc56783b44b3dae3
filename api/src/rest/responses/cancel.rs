use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jan_commands::CommandError;
use jan_commands::run::cancel_run;
use jan_domain::Caller;
use jan_domain::id::ResponseId;
use jan_domain::response::ResponseError;
use serde_json::json;

use super::get::found;
use super::jan;
use super::portrait::{Portrait, Stand};
use super::schema::ResponseObject;
use crate::caller::Authenticated;
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::rest::path_id::{InPath, RunId};
use crate::state::ApiState;

/// Cancel a response that runs in the background. One that has ended stays as it is.
#[utoipa::path(
    post,
    path = "/v1/responses/{response_id}/cancel",
    operation_id = "cancel_response",
    tag = "Responses",
    params(("response_id" = String, Path)),
    responses((status = 200, body = ResponseObject)),
)]
pub(super) async fn cancel(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(RunId(id)): InPath<RunId>,
) -> Result<Response, ApiError> {
    cancelled(&state, &caller, &context, &id).await
}

pub(super) async fn cancelled(
    state: &ApiState,
    caller: &Caller,
    context: &RequestContext,
    id: &ResponseId,
) -> Result<Response, ApiError> {
    let cancelled = cancel_run(&state.commands, caller, &context.request, id).await;
    match (cancelled, context.flavour) {
        // Jan answers whatever has ended unchanged, also what nobody can cancel.
        (Ok(()), _) | (Err(CommandError::Refused(ResponseError::NotCancellable)), Flavour::Jan) => {
        }
        (Err(error), _) => return Err(error.into()),
    }
    let (fresh, row) = found(&state.reads, caller, context, id).await?;
    let stand = Stand::of_row(&row, json!([]));
    let painter = jan::Painter::new(context.flavour, Portrait::of_row(&row), &[], None);
    Ok((fresh, Json(painter.object(stand))).into_response())
}
