//! `/v1/admin`: what only administrators may see and do.

pub(crate) mod accounts;
mod nodes;
pub(crate) mod projections;
pub(crate) mod tool_servers;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(accounts::erase))
        .routes(routes!(nodes::list))
        .merge(tool_servers::routes())
        .merge(projections::routes())
}
