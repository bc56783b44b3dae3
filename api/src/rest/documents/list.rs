use axum::Json;
use axum::extract::State;
use jan_projections::{Order, ReadModel, ReadModels};

use super::body::DocumentBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::page::{ListBody, ListQuery, PageParams};

/// List your documents, last indexed first.
#[utoipa::path(
    get,
    path = "/v1/documents",
    operation_id = "list_documents",
    tag = "Documents",
    params(PageParams),
    responses((status = 200, body = ListBody<DocumentBody>)),
)]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    query: ListQuery,
) -> Result<(Freshened, Json<ListBody<DocumentBody>>), ApiError> {
    let page = query.page(Order::NewestFirst)?;
    let fresh = reach(&reads, ReadModel::Documents, &context).await?;
    let found = reads.documents.list(&caller.owner, &page).await?;
    let body = ListBody::of_page(found, |row| (row.id.clone(), row.into()));
    Ok((fresh, Json(body)))
}
