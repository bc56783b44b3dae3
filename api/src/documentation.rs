//! The API document and its reader, without a network.

use axum::Json;
use axum::Router;
use axum::response::Redirect;
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::state::ApiState;

/// Where the document is.
pub(crate) const DOCUMENT_PATH: &str = "/openapi.json";

/// `/docs`, Jan's `/v1/swagger/`, and the document itself.
pub(crate) fn routes(document: OpenApi) -> Router<ApiState> {
    let reader = SwaggerUi::new("/v1/swagger").config(Config::from(DOCUMENT_PATH));
    Router::new()
        .merge(reader)
        .route(
            "/docs",
            get(|| async { Redirect::temporary("/v1/swagger/") }),
        )
        .route(
            "/docs/",
            get(|| async { Redirect::temporary("/v1/swagger/") }),
        )
        .route(
            "/api/swagger/",
            get(|| async { Redirect::temporary("/v1/swagger/") }),
        )
        .route(DOCUMENT_PATH, get(move || async move { Json(document) }))
}
