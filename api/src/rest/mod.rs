//! The REST surface: one folder per resource, one file per operation.

pub(crate) mod admin;
mod audit;
mod auth;
mod chat;
pub(crate) mod conversations;
pub(crate) mod description;
mod documents;
mod embeddings;
mod files;
mod media;
mod models;
pub(crate) mod moment;
mod page;
mod path_id;
pub(crate) mod responses;
mod service;
mod tool_grants;
mod value_check;

use axum::middleware::from_fn_with_state;
use axum::{Extension, Router};
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;

use crate::state::ApiState;
use crate::{caller, graphql, idempotency, mcp};

/// All routes, and their description.
pub(crate) fn routes(state: &ApiState) -> (Router<ApiState>, Document) {
    let authenticated = authenticated()
        .layer(from_fn_with_state(state.clone(), idempotency::once))
        .layer(from_fn_with_state(state.clone(), caller::require));
    let mcp = mcp::routes().layer(from_fn_with_state(state.clone(), mcp::enter));
    let graphql = graphql::guarded(state);
    let (routes, document) = described(authenticated, mcp, graphql).split_for_parts();
    let routes = routes
        .layer(Extension(mcp::service(state)))
        .layer(Extension(graphql::door()));
    (routes, description::finish(document))
}

/// The routes of a process that answers nobody but its operators.
pub(crate) fn service_routes() -> Router<ApiState> {
    service::routes().into()
}

/// The description of all routes.
pub(crate) fn document() -> Document {
    description::finish(described(authenticated(), mcp::routes(), graphql::routes()).into_openapi())
}

fn authenticated() -> OpenApiRouter<ApiState> {
    let mut routes = OpenApiRouter::new()
        .merge(admin::routes())
        .merge(audit::routes())
        .merge(chat::routes())
        .merge(conversations::routes())
        .merge(documents::routes())
        .merge(embeddings::routes())
        .merge(files::routes())
        .merge(media::routes())
        .merge(models::routes())
        .merge(responses::routes())
        .merge(tool_grants::routes())
        .merge(auth::own_routes());
    description::require_credentials(routes.get_openapi_mut());
    routes
}

fn described(
    authenticated: OpenApiRouter<ApiState>,
    mcp: OpenApiRouter<ApiState>,
    graphql: OpenApiRouter<ApiState>,
) -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(description::base())
        .merge(authenticated)
        .merge(mcp)
        .merge(graphql)
        .merge(mcp::public_routes())
        .merge(media::public_routes())
        .merge(tool_grants::public_routes())
        .merge(auth::public_routes())
        .merge(service::routes())
}
