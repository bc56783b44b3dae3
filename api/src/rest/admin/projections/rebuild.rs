use axum::Json;
use axum::extract::State;
use http::StatusCode;
use jan_projections::ProjectionOperator;

use super::Name;
use super::body::RebuildBody;
use crate::caller::Administrator;
use crate::error::ApiError;
use crate::rest::path_id::InPath;

/// Make a projection anew beside the live one. A process that projects builds it and lets it take
/// its place; a build that goes on is answered as it is.
#[utoipa::path(post, path = "/v1/admin/projections/{projection}/rebuild",
    operation_id = "rebuild_projection", tag = "Administration",
    params(("projection" = String, Path)), responses((status = 202, body = RebuildBody)))]
pub(super) async fn begin(
    operator: State<ProjectionOperator>,
    administrator: Administrator,
    name: InPath<Name>,
) -> Result<(StatusCode, Json<RebuildBody>), ApiError> {
    operator.begin(name.model()?, None).await?;
    let body = progress(operator, administrator, name).await?;
    Ok((StatusCode::ACCEPTED, body))
}

/// Tell how far the newest build of a projection is.
#[utoipa::path(get, path = "/v1/admin/projections/{projection}/rebuild",
    operation_id = "get_projection_rebuild", tag = "Administration",
    params(("projection" = String, Path)), responses((status = 200, body = RebuildBody)))]
pub(super) async fn progress(
    State(operator): State<ProjectionOperator>,
    _: Administrator,
    name: InPath<Name>,
) -> Result<Json<RebuildBody>, ApiError> {
    let model = name.model()?;
    let progress = operator.progress(model).await?;
    let progress = progress.ok_or_else(|| ApiError::not_found("rebuild", model.name()))?;
    Ok(Json(progress.into()))
}
