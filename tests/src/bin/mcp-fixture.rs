//! Runs the server that the conformance suites of MCP ask for, behind the product's own door.
//!
//! The first line it prints is the URL of its MCP endpoint; it stops on Ctrl-C.

use std::io::{self, Write};

use jan_tests::mcp_fixture;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind(mcp_fixture::address()).await?;
    let address = listener.local_addr()?;
    writeln!(io::stdout(), "http://{address}/mcp")?;
    io::stdout().flush()?;
    let stop = CancellationToken::new();
    let serving = axum::serve(listener, mcp_fixture::router(stop.clone()));
    tokio::select! {
        served = serving => served,
        stopped = tokio::signal::ctrl_c() => stopped,
    }
}
