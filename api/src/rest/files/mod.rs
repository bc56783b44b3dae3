//! `/v1/files`: OpenAI's files. What is kept by either door has a `jan_` id and is found by both.

mod body;
mod content;
mod create;
mod delete;
mod form;
mod get;
mod list;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ApiState;

/// One's own files.
pub(super) fn routes() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(list::list, create::create))
        .routes(routes!(get::get, delete::delete))
        .routes(routes!(content::content))
}
