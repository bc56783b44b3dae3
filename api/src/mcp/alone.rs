//! The endpoint with somebody else's handler behind it: the same door, the same reading of messages,
//! the same protocol service. It is what the conformance suites are held against, which ask for tools
//! and prompts that no server of ours has.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use axum::routing::post;
use rmcp::ServerHandler;
use tokio_util::sync::CancellationToken;

use super::enter::admit;
use super::{pass, spoken_by};
use crate::state::{EdgeLimits, McpDoor};

/// The endpoint at `/mcp`, for whoever the door admits, without tokens.
pub fn alone<H>(handler: H, door: McpDoor, stop: CancellationToken) -> Router
where
    H: ServerHandler + Clone + Send + Sync + 'static,
{
    let service = spoken_by(handler, door.body_bytes, stop);
    let door = Arc::new(door);
    let behind = Arc::clone(&door);
    let answer = move |request: Request| {
        let (service, door) = (Arc::clone(&service), Arc::clone(&behind));
        async move { pass(&service, request, &door, EdgeLimits::default()).await }
    };
    let enter = move |request: Request, next: Next| {
        let admitted = admit(request.headers(), request.uri(), &door);
        async move {
            match admitted {
                Ok(()) => next.run(request).await,
                Err(refusal) => refusal.into_response(),
            }
        }
    };
    Router::new()
        .route("/mcp", post(answer))
        .layer(from_fn(enter))
}
