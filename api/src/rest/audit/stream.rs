use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use jan_projections::audit::{AuditFilter, AuditPage};
use jan_projections::{Order, ReadModels};

use super::body::AuditEventBody;
use super::lines::lines;
use super::path::{StreamId, StreamType};
use super::query::{page, visible_to, wants_lines};
use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::page::{ListBody, ListQuery, PageParams};
use crate::rest::path_id::InPath;

/// Read the whole history of one conversation, response or account: who did what, when, through which
/// request, because of what. Oldest first.
#[utoipa::path(
    get,
    path = "/v1/audit/streams/{stream_type}/{stream_id}",
    operation_id = "read_audit_stream",
    tag = "Audit",
    params(
        ("stream_type" = String, Path, description = "`conversation`, `response` or `account`"),
        ("stream_id" = String, Path),
        ("format" = Option<String>, Query, description = "`jsonl` for all of it, one object per line"),
        PageParams,
    ),
    responses((status = 200, body = ListBody<AuditEventBody>)),
)]
#[expect(
    clippy::too_many_arguments,
    reason = "axum hands a handler each part of a request by itself"
)]
pub(super) async fn history(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    InPath(StreamType(kind)): InPath<StreamType>,
    InPath(StreamId(id)): InPath<StreamId>,
    headers: HeaderMap,
    query: ListQuery,
) -> Result<Response, ApiError> {
    let filter = AuditFilter {
        aggregate_type: Some(kind),
        stream: Some(id.clone()),
        ..visible_to(&caller)
    };
    let page = page(&query, Order::OldestFirst)?;
    let any = AuditPage {
        after: None,
        limit: 1,
        order: Order::OldestFirst,
    };
    if reads.audit.search(&filter, any).await?.items.is_empty() {
        return Err(ApiError::not_found("stream", id));
    }
    if wants_lines(&query, &headers)? {
        return lines(reads.audit, filter, page.order, page.after).await;
    }
    let found = reads.audit.search(&filter, page).await?;
    let body = ListBody::of_page(found, |event| (event.position, AuditEventBody::from(event)));
    Ok(Json(body).into_response())
}
