use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use super::body;
use super::portrait::usage_of;
use super::schema::CreateResponse;
use super::warnings::Warnings;
use crate::body::JsonBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::ApiState;

/// Shorten a context: the model sums it up, and the items that come back stand for all that went in.
#[utoipa::path(
    post,
    path = "/v1/responses/compact",
    operation_id = "compact_response",
    tag = "Responses",
    request_body = CreateResponse,
    responses((status = 200, body = Value)),
)]
pub(super) async fn compact(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    let ids = (context.ids.as_ref(), context.flavour);
    let wish = body::wish(fields, ids, &mut Warnings::default())?;
    let asked = (&context.request, context.ids.as_ref());
    let made = jan_commands::run::compact(&state.commands, &caller, asked, &wish).await??;
    Ok(Json(json!({
        "id": context.ids.item("resp_"),
        "object": "response.compaction",
        "created_at": state.commands.clock.now().timestamp(),
        "output": made.output,
        "usage": usage_of(made.usage),
    })))
}
