use axum::Json;
use axum::extract::State;
use jan_commands::run::count_input;
use serde_json::{Map, Value, json};

use super::body;
use super::schema::CreateResponse;
use super::warnings::Warnings;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::ApiState;

/// Count about how many tokens a request's context has: a token is taken for four bytes. No model is
/// asked.
#[utoipa::path(
    post,
    path = "/v1/responses/input_tokens",
    operation_id = "count_response_input_tokens",
    tag = "Responses",
    request_body = CreateResponse,
    responses((status = 200, body = Value)),
)]
pub(super) async fn count(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    let ids = (context.ids.as_ref(), context.flavour);
    let wish = body::wish(fields, ids, &mut Warnings::default())?;
    let tokens = count_input(&state.commands, &caller, &wish).await?;
    Ok(Json(
        json!({"object": "response.input_tokens", "input_tokens": tokens}),
    ))
}
