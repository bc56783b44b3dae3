use axum::Json;
use axum::extract::State;
use jan_commands::media::MediaFailure;
use jan_domain::media::Purpose;
use jan_projections::{Order, ReadModel, ReadModels};

use super::body::FileBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::page::{ListBody, ListQuery};

/// The document's picture of this list's query.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read name by name; see `ListQuery`")]
pub(super) struct FileListParams {
    /// From 1 to 10000. A page has at most 100 all the same; `has_more` says that there are others.
    #[param(minimum = 1, maximum = 10_000)]
    limit: Option<u16>,
    /// The id of the last entry of the page before.
    after: Option<String>,
    /// `asc` or `desc`, by age.
    order: Option<String>,
    /// Only files for this.
    purpose: Option<String>,
}

/// What OpenAI lets a client ask for.
const LIMIT_MAX: usize = 10_000;

/// List your files, last kept first.
#[utoipa::path(
    get,
    path = "/v1/files",
    operation_id = "list_files",
    tag = "Files",
    params(FileListParams),
    responses((status = 200, body = ListBody<FileBody>)),
)]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    query: ListQuery,
) -> Result<(Freshened, Json<ListBody<FileBody>>), ApiError> {
    let page = query.long_page(Order::NewestFirst, LIMIT_MAX)?;
    let purpose = query.get("purpose")?.map(Purpose::parse).transpose();
    let purpose =
        purpose.map_err(|wrong| ApiError::from(MediaFailure::from(wrong)).at("purpose"))?;
    let fresh = reach(&reads, ReadModel::Media, &context).await?;
    let found = reads.media.list(&caller.owner, purpose, &page).await?;
    let body = ListBody::of_page(found, |row| (row.id.clone(), row.into()));
    Ok((fresh, Json(body)))
}
