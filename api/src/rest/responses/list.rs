use axum::Json;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use jan_projections::{Order, ReadModel};
use serde_json::{Value, json};

use super::portrait::{Portrait, Stand};
use super::{jan, websocket};
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::reach;
use crate::rest::page::{ListBody, ListQuery, PageParams};
use crate::state::ApiState;

/// List your stored responses, newest first. A WebSocket upgrade opens the duplex form instead: send
/// `response.create`, receive the events.
#[utoipa::path(
    get,
    path = "/v1/responses",
    operation_id = "list_responses",
    tag = "Responses",
    params(PageParams),
    responses((status = 200, body = ListBody<Value>)),
)]
pub(super) async fn list(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    if websocket::is_wanted(&parts.headers) {
        return websocket::open(&mut parts, state, caller, context).await;
    }
    let query = ListQuery::from_request_parts(&mut parts, &state).await?;
    let page = query.page(Order::NewestFirst)?;
    let reads = &state.reads;
    let fresh = reach(reads, ReadModel::Runs, &context).await?;
    let found = reads.runs.list_stored(&caller.owner, &page).await?;
    let body = ListBody::of_page(found, |row| {
        let stand = Stand::of_row(&row, json!([]));
        let painter = jan::Painter::new(context.flavour, Portrait::of_row(&row), &[], None);
        (row.id, painter.object(stand))
    });
    Ok((fresh, Json(body)).into_response())
}
