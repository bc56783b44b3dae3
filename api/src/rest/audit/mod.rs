//! `/v1/audit`: what happened, to those who may know it, and the proof that it did.

mod body;
mod checkpoint;
mod events;
mod lines;
mod path;
mod proof;
mod query;
mod stream;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(events::list))
        .routes(routes!(stream::history))
        .routes(routes!(proof::prove))
        .routes(routes!(checkpoint::get))
        .routes(routes!(checkpoint::consistency))
}
