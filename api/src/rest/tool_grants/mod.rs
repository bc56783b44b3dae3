//! `/v1/mcp/servers`, `/v1/mcp/credentials` and `/v1/mcp/authorizations`: how callers are let in at
//! tool servers that want a word of their own. What opens them never leaves.

mod authorize;
mod body;
mod callback;
mod credentials;
mod page;
mod servers;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// One's own.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(servers::list))
        .routes(routes!(credentials::list))
        .routes(routes!(credentials::keep))
        .routes(routes!(credentials::forget))
        .routes(routes!(authorize::begin))
}

/// Where people come back to, whose browsers bring no token.
pub(super) fn public_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(callback::ask))
        .routes(routes!(callback::finish))
        .routes(routes!(callback::client_document))
}
