use std::sync::Arc;

use jan_commands::store::{AddedToolServers, OwnerKeys, ToolGrants};
use jan_domain::ports::{Approval, Seal, ToolServerReport, ToolServers};
use jan_infra::config::Config;
use jan_infra::database::Pool;
use jan_infra::tools::{McpToolHost, OauthSettings, ToolSettings, ToolSetupError, ToolStores};

use crate::cli::doctor::Check;
use crate::state::McpDoor;

const TOOLS: &str = "tools";

/// The host of all tool servers, where callers can be granted their own way in.
pub fn tool_servers(
    settings: &ToolSettings,
    door: &McpDoor,
    (pool, keys): (&Pool, &OwnerKeys),
    seal: Arc<dyn Seal>,
) -> Result<McpToolHost, ToolSetupError> {
    let base = &door.base;
    let settings = ToolSettings {
        oauth: OauthSettings {
            redirect_uri: format!("{base}/v1/mcp/authorizations/callback"),
            // Nobody but this machine could read it otherwise.
            client_document: base
                .starts_with("https://")
                .then(|| format!("{base}/v1/mcp/client")),
        },
        ..settings.clone()
    };
    let grants = ToolGrants::new(pool.clone(), Arc::new(keys.clone()));
    let stores = ToolStores {
        grants: Some(Arc::new(grants)),
        added: Some(Arc::new(AddedToolServers::new(pool.clone(), seal))),
    };
    McpToolHost::with_stores(&settings, stores)
}

/// Asks every configured tool server for its tools.
pub async fn ask_tool_servers(config: &Config) -> Result<Vec<ToolServerReport>, ToolSetupError> {
    Ok(McpToolHost::try_new(&config.tools)?.report().await)
}

/// What each of them says, in a line. The server starts without any of them.
pub(super) async fn check_tool_servers(config: &Config) -> Vec<Check> {
    match ask_tool_servers(config).await {
        Ok(reports) => reports.iter().map(check).collect(),
        Err(error) => vec![Check::problem(
            TOOLS,
            error.to_string(),
            "correct its settings",
        )],
    }
}

fn check(report: &ToolServerReport) -> Check {
    let name = &report.name;
    if let Some(failure) = &report.failure {
        return Check::warning(
            TOOLS,
            format!("'{name}' lists no tools: {failure}"),
            "check its address and key; the server starts without it and asks again",
        );
    }
    let withheld = report.tools.iter().filter(|tool| !tool.offered).count();
    let count = report.tools.len();
    match report.approval {
        Approval::Changed => Check::warning(
            TOOLS,
            format!(
                "the {count} tools of '{name}' are not as they were approved; {withheld} are withheld"
            ),
            "look at them with `jan-server tools list`, and put the new pin into jan.toml",
        ),
        Approval::Unpinned if withheld > 0 => Check::warning(
            TOOLS,
            format!("'{name}' has no pin, so its {count} tools are withheld"),
            "look at them with `jan-server tools list`, and put the pin into jan.toml",
        ),
        approval => Check::good(
            TOOLS,
            format!("'{name}' lists {count} tools ({})", approval.as_str()),
        ),
    }
}
