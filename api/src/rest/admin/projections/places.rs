use axum::Json;
use axum::extract::State;
use jan_projections::ProjectionOperator;

use super::Name;
use super::body::ProjectionListBody;
use super::list::get;
use crate::caller::Administrator;
use crate::error::ApiError;
use crate::rest::path_id::InPath;

/// Go back to what was live before the last rebuild.
#[utoipa::path(post, path = "/v1/admin/projections/{projection}/rollback",
    operation_id = "roll_back_projection", tag = "Administration",
    params(("projection" = String, Path)), responses((status = 200, body = ProjectionListBody)))]
pub(super) async fn roll_back(
    operator: State<ProjectionOperator>,
    administrator: Administrator,
    name: InPath<Name>,
) -> Result<Json<ProjectionListBody>, ApiError> {
    operator.roll_back(name.model()?).await?;
    get(operator, administrator, name).await
}

/// Let go of everything but the live rows: what stands by, a build, and what failed.
#[utoipa::path(post, path = "/v1/admin/projections/{projection}/retire",
    operation_id = "retire_projection", tag = "Administration",
    params(("projection" = String, Path)), responses((status = 200, body = ProjectionListBody)))]
pub(super) async fn retire(
    operator: State<ProjectionOperator>,
    administrator: Administrator,
    name: InPath<Name>,
) -> Result<Json<ProjectionListBody>, ApiError> {
    operator.retire(name.model()?).await?;
    get(operator, administrator, name).await
}
