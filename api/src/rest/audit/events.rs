use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use jan_projections::{Order, ReadModels};

use super::body::AuditEventBody;
use super::lines::lines;
use super::query::{SearchParams, filter, page, wants_lines};
use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::page::{ListBody, ListQuery, PageParams};

/// Search what happened: your own events, or everybody's if you are an administrator. Newest first.
///
/// With `format=jsonl` everything that is found is sent, one object per line.
#[utoipa::path(
    get,
    path = "/v1/audit/events",
    operation_id = "search_audit_events",
    tag = "Audit",
    params(PageParams, SearchParams),
    responses((status = 200, body = ListBody<AuditEventBody>)),
)]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    headers: HeaderMap,
    query: ListQuery,
) -> Result<Response, ApiError> {
    let filter = filter(&query, &caller)?;
    let page = page(&query, Order::NewestFirst)?;
    if wants_lines(&query, &headers)? {
        return lines(reads.audit, filter, page.order, page.after).await;
    }
    let found = reads.audit.search(&filter, page).await?;
    let body = ListBody::of_page(found, |event| (event.position, AuditEventBody::from(event)));
    Ok(Json(body).into_response())
}
