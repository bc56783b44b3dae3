use axum::Json;
use axum::extract::State;
use jan_projections::ProjectionOperator;

use super::Name;
use super::body::{ProjectionBody, ProjectionListBody};
use crate::caller::Administrator;
use crate::error::ApiError;
use crate::rest::path_id::InPath;

/// List the projections.
#[utoipa::path(get, path = "/v1/admin/projections", operation_id = "list_projections",
    tag = "Administration", responses((status = 200, body = ProjectionListBody)))]
pub(super) async fn list(
    State(operator): State<ProjectionOperator>,
    _: Administrator,
) -> Result<Json<ProjectionListBody>, ApiError> {
    let all = operator.list().await?;
    Ok(Json(ProjectionListBody {
        object: "list",
        data: all.into_iter().map(ProjectionBody::from).collect(),
    }))
}

/// List the lives of one projection.
#[utoipa::path(get, path = "/v1/admin/projections/{projection}", operation_id = "get_projection",
    tag = "Administration", params(("projection" = String, Path)),
    responses((status = 200, body = ProjectionListBody)))]
pub(super) async fn get(
    State(operator): State<ProjectionOperator>,
    _: Administrator,
    name: InPath<Name>,
) -> Result<Json<ProjectionListBody>, ApiError> {
    let model = name.model()?;
    let all = operator.list().await?.into_iter();
    let lives = all.filter(|status| status.name == model.name());
    Ok(Json(ProjectionListBody {
        object: "list",
        data: lives.map(ProjectionBody::from).collect(),
    }))
}
