//! `/v1/media`: images for models to look at, under `jan_` ids. Jan's own shapes.

mod body;
mod create;
mod delete;
mod get;
mod link;
mod list;
mod on_behalf;
mod prepare_upload;
mod resolve;
mod serve;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) use self::serve::{Audience, serve};
use crate::state::ApiState;

/// One's own media.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(prepare_upload::prepare_upload))
        .routes(routes!(resolve::resolve))
        .routes(routes!(get::get, delete::delete))
}

/// What whoever has a link may do.
pub(super) fn public_routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(link::read, link::write))
}
