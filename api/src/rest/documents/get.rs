use axum::Json;
use axum::extract::State;
use jan_domain::id::DocumentId;
use jan_projections::{ReadModel, ReadModels};

use super::body::DocumentBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::path_id::InPath;

/// Describe a document.
#[utoipa::path(
    get,
    path = "/v1/documents/{document}",
    operation_id = "get_document",
    tag = "Documents",
    params(("document" = String, Path)),
    responses((status = 200, body = DocumentBody)),
)]
pub(super) async fn get(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<DocumentId>,
) -> Result<(Freshened, Json<DocumentBody>), ApiError> {
    let fresh = reach(&reads, ReadModel::Documents, &context).await?;
    let row = reads.documents.find(&caller.owner, &id).await?;
    let row = row.ok_or_else(|| ApiError::not_found("document", &id))?;
    Ok((fresh, Json(row.into())))
}
