//! `/v1/chat/completions`

mod body;
mod create;
mod message;
mod parameter;
mod schema;
mod stored;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// Chat completions.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .merge(stored::routes())
}
