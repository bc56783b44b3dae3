//! GraphQL at `/graphql`: the same read models, commands and rules as the REST API, in one schema.

//!
//! Start reading at `http.rs`, then `door.rs` (what is looked at before anything is done),
//! `schema.rs` (the parts), and `conversation/object.rs`. `limits.rs` has every limit.

#![expect(
    clippy::too_many_arguments,
    reason = "the arguments of a field are those of its resolver"
)]

mod account;
mod admin;
mod admission;
mod answer;
mod asking;
mod audit;
mod completion;
mod conversation;
mod document;
mod door;
mod events;
mod file;
mod given;
mod http;
mod item;
mod lexical;
mod limits;
mod loader;
mod model;
mod moment;
mod node;
mod once;
mod operations;
mod order;
mod page;
mod paging;
mod projection_upkeep;
mod projections;
mod protocol;
mod response;
mod scalar;
mod schema;
mod user_error;
mod websocket;

use axum::middleware::{from_fn, from_fn_with_state};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::rest::description;
use crate::state::ApiState;
use crate::{caller, idempotency};

pub(crate) use self::door::Door;

/// `/graphql`, as it is described.
pub(crate) fn routes() -> OpenApiRouter<ApiState> {
    let mut routes = OpenApiRouter::new()
        .routes(routes!(http::post))
        .routes(routes!(http::get));
    description::require_credentials(routes.get_openapi_mut());
    routes
}

/// The same, with what stands before it. Whoever asks with GET may be a browser or a WebSocket, whose
/// tokens come later, so that one finds out by itself who asks.
pub(crate) fn guarded(state: &ApiState) -> OpenApiRouter<ApiState> {
    let posted = OpenApiRouter::new()
        .routes(routes!(http::post))
        .layer(from_fn_with_state(state.clone(), idempotency::once))
        .layer(from_fn_with_state(state.clone(), caller::require));
    let mut routes = OpenApiRouter::new()
        .merge(posted)
        .routes(routes!(http::get))
        .layer(from_fn(answer::in_graphql_words));
    description::require_credentials(routes.get_openapi_mut());
    routes
}

/// The schema behind the door.
pub(crate) fn door() -> Door {
    Door::new()
}

/// The schema in its own language.
pub(crate) fn sdl() -> String {
    schema::sdl()
}
