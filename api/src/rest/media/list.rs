use axum::Json;
use axum::extract::State;
use jan_domain::media::Purpose;
use jan_projections::{Order, ReadModel, ReadModels};

use super::body::MediaBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::page::{ListBody, ListQuery, PageParams};

/// List your images, last kept first.
#[utoipa::path(
    get,
    path = "/v1/media",
    operation_id = "list_media",
    tag = "Media",
    params(PageParams),
    responses((status = 200, body = ListBody<MediaBody>)),
)]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    query: ListQuery,
) -> Result<(Freshened, Json<ListBody<MediaBody>>), ApiError> {
    let page = query.page(Order::NewestFirst)?;
    let fresh = reach(&reads, ReadModel::Media, &context).await?;
    let purpose = Some(Purpose::Vision);
    let found = reads.media.list(&caller.owner, purpose, &page).await?;
    let body = ListBody::of_page(found, |row| (row.id.clone(), row.into()));
    Ok((fresh, Json(body)))
}
