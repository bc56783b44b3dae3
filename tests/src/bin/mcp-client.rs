//! The product's own client of tool servers, for the conformance suites of MCP and for servers in other
//! languages: it lists the tools of the server at the URL that it is given last, and calls them.
//!
//! Without a scenario (`MCP_CONFORMANCE_SCENARIO`) every tool that is named with `--call` is called.
//! It prints one line of JSON for the list and one for each call, and fails if one of them fails.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;

use clap::Parser;
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, StepId, TenantId};
use jan_domain::ports::{
    Credential, ToolCall, ToolHost, ToolListing, ToolOffer, ToolPlace, ToolServer,
};
use jan_infra::tools::{McpToolHost, ToolSettings};
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
async fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let settings = ToolSettings {
        allowed: vec!["127.0.0.0/8".parse()?, "::1".parse()?, "localhost".parse()?],
        ..ToolSettings::default()
    };
    let host: Arc<dyn ToolHost> = Arc::new(McpToolHost::try_new(&settings)?);
    let owner = Owner {
        tenant: TenantId::default(),
        account: AccountId::parse("user_conformance")?,
    };
    let server = ToolServer {
        label: "conformance".to_owned(),
        place: ToolPlace::Remote {
            url: cli.url,
            authorization: cli.token.map(Credential::new),
            headers: Vec::new(),
        },
    };
    let listing = ToolListing {
        server: server.clone(),
        owner: owner.clone(),
    };
    let offers = host.list(listing).await?;
    tell(&json!({"listed": offers.iter().map(|offer| &offer.name).collect::<Vec<_>>()}))?;
    let context = cli
        .context
        .as_deref()
        .map(serde_json::from_str)
        .transpose()?;
    let mut failed = false;
    for (number, wished) in wished(
        cli.calls,
        cli.scenario.as_deref(),
        context.as_ref(),
        &offers,
    )
    .into_iter()
    .enumerate()
    {
        let called = host.call(ToolCall {
            server: server.clone(),
            tool: wished.tool.clone(),
            arguments: wished.arguments,
            step: StepId::parse(&format!("step_{number}"))?,
            owner: owner.clone(),
            traceparent: None,
            request_id: String::new(),
            keeps_content: true,
        });
        match called.await {
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
        Err("a call failed".into())
    } else {
        Ok(())
    }
}

fn wished(
    named: Vec<Call>,
    scenario: Option<&str>,
    context: Option<&Value>,
    offers: &[ToolOffer],
) -> Vec<Call> {
    match scenario {
        Some(scenario) => calls(scenario, context, offers),
        None => named,
    }
}

fn tell(line: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}
