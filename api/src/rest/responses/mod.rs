//! `/v1/responses`

pub(crate) mod again;
mod body;
mod cancel;
mod compact;
mod create;
mod delete;
mod empty_stores;
mod get;
mod input;
mod input_items;
mod input_tokens;
mod jan;
mod jan_stream;
mod list;
mod mcp_server;
mod parameter;
pub(crate) mod past;
mod portrait;
pub(crate) mod replay;
mod schema;
mod steps;
mod stream;
mod tool_bounds;
mod tool_choice;
mod tools;
mod trace;
mod warnings;
mod websocket;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use body::wish;
pub(crate) use empty_stores::name_empty_stores;
pub(crate) use portrait::{Portrait, Stand};
pub(crate) use stream::tell;
pub(crate) use tool_bounds::name_unknown_places;
pub(crate) use warnings::Warnings;

use crate::state::ApiState;

/// Responses.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(input_tokens::count))
        .routes(routes!(compact::compact))
        .routes(routes!(get::get, delete::delete))
        .routes(routes!(cancel::cancel))
        .routes(routes!(input_items::list))
        .routes(routes!(steps::list))
        .routes(routes!(replay::replay))
}
