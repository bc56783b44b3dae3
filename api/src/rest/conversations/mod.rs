//! `/v1/conversations`

mod body;
mod branches;
mod create;
mod delete;
mod delete_all;
pub(crate) mod diff;
pub(crate) mod fork;
mod get;
pub(crate) mod items;
mod list;
mod past;
mod update;
mod versions;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use items::read as read_items;

use crate::state::ApiState;

/// Conversations and their items.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(create::create))
        .routes(routes!(delete_all::delete_all))
        .routes(routes!(get::get))
        .routes(routes!(update::update))
        .routes(routes!(update::update_by_patch))
        .routes(routes!(delete::delete))
        .routes(routes!(fork::fork))
        .routes(routes!(branches::list))
        .routes(routes!(versions::list))
        .routes(routes!(diff::diff))
        .merge(items::routes())
}
