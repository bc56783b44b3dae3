//! The server that the conformance suites of MCP ask for: tools, prompts and resources by the names
//! they know, behind the product's own door and protocol service ([`jan_api::mcp::alone`]).
//!
//! What the suites find in it about eras, headers, hosts, origins, sizes and errors is so of the
//! product's endpoint too. Start reading at `handler`.

mod asking;
mod catalog;
#[expect(deprecated, reason = "the legacy era sets levels of logging")]
mod handler;
mod results;
#[expect(deprecated, reason = "the legacy era logs to its clients")]
mod telling;

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use jan_api::mcp::alone;
use jan_api::state::McpDoor;
use tokio_util::sync::CancellationToken;

/// The fixture at `/mcp`, for this machine only.
pub fn router(stop: CancellationToken) -> Router {
    let hosts = ["localhost", "127.0.0.1", "[::1]"];
    let door = McpDoor {
        hosts: hosts.map(str::to_owned).to_vec(),
        origins: Vec::new(),
        local_origins: true,
        open: true,
        body_bytes: 1 << 20,
        base: String::new(),
    };
    alone(handler::Fixture, door, stop)
}

/// Where it listens: a free port of this machine.
pub fn address() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}
