//! `/v1/admin/projections`: how the read models are, and what can be done about it.

mod body;
mod list;
pub(crate) mod parked;
mod places;
mod rebuild;
mod verify;

use jan_domain::id::InvalidId;
use jan_projections::ReadModel;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::rest::path_id::{InPath, PathId};
use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::get))
        .routes(routes!(rebuild::begin, rebuild::progress))
        .routes(routes!(verify::verify))
        .routes(routes!(parked::list))
        .routes(routes!(parked::retry))
        .routes(routes!(parked::skip))
        .routes(routes!(places::roll_back))
        .routes(routes!(places::retire))
}

/// What a path calls a projection.
struct Name(String);

impl PathId for Name {
    const NAME: &'static str = "projection";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        Ok(Self(text.to_owned()))
    }
}

impl InPath<Name> {
    fn model(&self) -> Result<ReadModel, ApiError> {
        let Self(Name(name)) = self;
        let shown: String = name.chars().take(100).collect();
        ReadModel::named(name).ok_or_else(|| ApiError::not_found("projection", shown))
    }
}
