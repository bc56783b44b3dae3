//! `/auth` and the published keys.

mod erase;
mod guest;
mod logout;
mod me;
mod refresh;
mod tokens;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// Routes that need no credentials.
pub(super) fn public_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(guest::guest))
        .routes(routes!(guest::guest_login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(refresh::refresh_get))
        .routes(routes!(logout::logout))
        .routes(routes!(logout::logout_get))
        .routes(routes!(me::jwks))
}

/// Routes about the caller.
pub(super) fn own_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(me::me))
        .routes(routes!(erase::erase_me))
}
