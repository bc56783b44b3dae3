use axum::Json;
use axum::extract::State;
use jan_domain::id::ResponseId;
use jan_projections::{ReadModel, ReadModels};

use super::body::{StoredCompletion, not_found};
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::path_id::InPath;

/// Read a stored completion back.
#[utoipa::path(
    get,
    path = "/v1/chat/completions/{completion_id}",
    operation_id = "get_stored_completion",
    tag = "Chat",
    params(("completion_id" = String, Path)),
    responses((status = 200, body = StoredCompletion)),
)]
pub(super) async fn get(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ResponseId>,
) -> Result<(Freshened, Json<StoredCompletion>), ApiError> {
    let fresh = reach(&reads, ReadModel::Responses, &context).await?;
    let row = reads.responses.find_stored(&caller.owner, &id).await?;
    let completion = row.and_then(StoredCompletion::of_row);
    Ok((fresh, Json(completion.ok_or_else(|| not_found(&id))?)))
}
