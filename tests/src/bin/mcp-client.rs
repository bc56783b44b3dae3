//! The product's own client of tool servers, for the conformance suites of MCP and for servers in other
//! languages: it lists the tools of the server at the URL that it is given last, and calls them.
//!
//! Without a scenario (`MCP_CONFORMANCE_SCENARIO`) every tool that is named with `--call` is called.
//! It prints one line of JSON for the list and one for each call, and fails if one of them fails.

use std::io::{self, Write};

use anyhow::bail;
use clap::Parser;
use jan_tests::mcp_client::McpClient;
use jan_tests::mcp_scenario::{Call, calls};
use serde_json::{Value, json};

/// Lists the tools of an MCP server and calls them, as Jan Server does.
#[derive(Debug, Parser)]
#[command(name = "mcp-client")]
struct Cli {
    /// A tool and its arguments: `name={"a": 1}`
    #[arg(long = "call")]
    calls: Vec<Call>,

    /// Sent as a bearer token
    #[arg(long)]
    token: Option<String>,

    /// The conformance suites' scenario
    #[arg(long, env = "MCP_CONFORMANCE_SCENARIO")]
    scenario: Option<String>,

    /// What a scenario gives along, as JSON
    #[arg(long, env = "MCP_CONFORMANCE_CONTEXT")]
    context: Option<String>,

    /// The MCP endpoint
    url: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let context: Option<Value> = cli
        .context
        .as_deref()
        .map(serde_json::from_str)
        .transpose()?;
    // The process has one provider; the first to ask installs it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = McpClient::try_new(cli.url, cli.token, context.as_ref())?;
    let offers = client.list().await?;
    tell(&json!({"listed": offers.iter().map(|offer| &offer.name).collect::<Vec<_>>()}))?;
    let wished = match cli.scenario.as_deref() {
        Some(scenario) => calls(scenario, context.as_ref(), &offers),
        None => cli.calls,
    };
    let mut failed = false;
    for (number, wished) in wished.iter().enumerate() {
        match client.call(number, wished).await {
            Ok(result) => tell(
                &json!({"called": wished.tool, "told": result.told(), "structured": result.structured, "is_error": result.is_error}),
            )?,
            Err(failure) => {
                failed = true;
                tell(&json!({"called": wished.tool, "failed": failure.to_string()}))?;
            }
        }
    }
    if failed {
        bail!("a call failed");
    }
    Ok(())
}

fn tell(line: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
