//! The doors: REST, server-sent events, the command line, and the wiring of everything behind them.
//!
//! A route says who, what and which, and nothing else: it reads its request, calls a command or a
//! reader, and answers. Status codes live in [`error`] only. `infra` is named in `main.rs` and
//! `wiring/` only; SQL and outgoing HTTP are not done here at all.
//!
//! Start reading at [`router`], then `edge/` (what every request passes), `authenticate.rs`,
//! `idempotency.rs`, and `rest/chat/create.rs`.

pub mod authenticate;
pub mod cli;
pub mod context;
pub mod edge;
pub mod error;
pub mod mcp;
mod media_service;
pub mod serve;
pub mod state;
pub mod wiring;

mod body;
mod caller;
mod documentation;
mod graphql;
mod idempotency;
mod json_check;
mod reading;
mod rest;
mod sse;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::edge::Edge;
use crate::error::ApiError;
use crate::state::{ApiState, Server};

/// The whole surface.
pub fn router(state: ApiState) -> Edge {
    let server = Arc::clone(&state.server);
    let routes: Router<ApiState> = if server.serves_api {
        let (rest, document) = rest::routes(&state);
        rest.merge(documentation::routes(document))
    } else {
        rest::service_routes()
    };
    let routes = routes
        .fallback(edge::unknown_url)
        .method_not_allowed_fallback(edge::method_not_allowed)
        .layer(cors(&server))
        .layer(CatchPanicLayer::custom(panicked));
    Edge::new(routes.with_state(state), server)
}

/// The description of the whole surface, as a server shows it at `/openapi.json`.
pub fn document() -> utoipa::openapi::OpenApi {
    rest::document()
}

/// The GraphQL schema, in its own language.
pub fn graphql_schema() -> String {
    graphql::sdl()
}

fn cors(server: &Server) -> CorsLayer {
    let origins = server
        .cors_origins
        .iter()
        .map(|origin| HeaderValue::from_str(origin).expect("origins are checked when configured"));
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
            Method::OPTIONS,
        ])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            name("x-api-key"),
            name("idempotency-key"),
            name("x-request-id"),
            name("x-consistency"),
            name("mcp-session-id"),
            name("mcp-protocol-version"),
            name("mcp-method"),
            name("mcp-name"),
        ])
        .expose_headers([name("x-request-id"), name("x-consistency")])
        .max_age(Duration::from_hours(1))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the catcher hands the box over"
)]
pub(crate) fn panicked(cause: Box<dyn std::any::Any + Send>) -> axum::response::Response {
    log_panic(&*cause);
    ApiError::panicked().into_response()
}

pub(crate) fn log_panic(cause: &(dyn std::any::Any + Send)) {
    let words = cause.downcast_ref::<String>().map(String::as_str);
    let words = words
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("no words");
    tracing::error!(panic = words, "a handler panicked");
}
