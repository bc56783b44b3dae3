//! `/v1/admin`: what only administrators may see and do.

mod accounts;
mod nodes;
mod projections;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(accounts::erase))
        .routes(routes!(nodes::list))
        .merge(projections::routes())
}
