//! `/v1/conversations/{conversation_id}/items`

mod again;
pub(crate) mod anew;
mod body;
mod create;
mod delete;
mod get;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use body::read;

use crate::state::ApiState;

/// Items of conversations.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(create::create))
        .routes(routes!(get::get))
        .routes(routes!(delete::delete))
        .routes(routes!(again::edit))
        .routes(routes!(again::regenerate))
}
