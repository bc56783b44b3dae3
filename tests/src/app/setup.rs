use std::time::Duration;

use jan_domain::tool_permissions::ToolPermissions;
use jan_infra::code::CodeSettings;
use jan_infra::config::{
    AuthSettings, FileSearchSettings, GraphqlSettings, Limits, McpSettings, Roles, ServerSettings,
};
use jan_infra::media::MediaSettings;
use jan_infra::scrape::ScrapeSettings;
use jan_infra::search::SearchSettings;
use jan_infra::tools::ToolSettings;

use crate::scripted_model::Options;

/// What a test may want otherwise.
#[derive(Debug, Clone)]
pub struct Setup {
    /// All bounds, the provider's patience among them.
    pub limits: Limits,
    /// What the application does.
    pub roles: Roles,
    /// Tokens.
    pub auth: AuthSettings,
    /// The scripted model.
    pub model: Options,
    /// Tools are called over MCP, under these settings, instead of by the scripted host.
    pub tools: Option<ToolSettings>,
    /// Our own tools stand before the others, under these settings.
    pub builtin: Option<(SearchSettings, ScrapeSettings)>,
    /// How documents are kept and searched; there are no tools for it unless asked for.
    pub file_search: FileSearchSettings,
    /// How images and files are kept.
    pub media: MediaSettings,
    /// Code runs, under these settings.
    pub code: Option<CodeSettings>,
    /// Which of the deployment's own tools callers may use.
    pub tool_permissions: ToolPermissions,
    /// Tool calls that one caller makes itself, at once.
    pub direct_calls_max: usize,
    /// The MCP endpoint.
    pub mcp: McpSettings,
    /// The GraphQL endpoint.
    pub graphql: GraphqlSettings,
    /// Where it would listen.
    pub server: ServerSettings,
    /// Longest a tool call may take.
    pub tool_timeout: Duration,
    /// Calls go to this base URL instead of to the scripted model.
    pub upstream: Option<String>,
    /// Whether what is personal in events is sealed.
    pub seal_events: bool,
}

impl Default for Setup {
    fn default() -> Self {
        let mut limits = Limits::default();
        limits.provider.first_byte = Duration::from_secs(10);
        limits.provider.first_byte_whole = Duration::from_secs(10);
        limits.provider.silence = Duration::from_secs(10);
        Self {
            limits,
            roles: ServerSettings::default().roles,
            auth: AuthSettings::default(),
            model: Options::default(),
            tools: None,
            builtin: None,
            file_search: FileSearchSettings {
                enabled: false,
                ..FileSearchSettings::default()
            },
            media: MediaSettings::default(),
            code: None,
            tool_permissions: ToolPermissions::default(),
            direct_calls_max: 8,
            mcp: McpSettings {
                hosts: ["jan.test", "127.0.0.1"].map(str::to_owned).to_vec().into(),
                ..McpSettings::default()
            },
            graphql: GraphqlSettings::default(),
            server: ServerSettings::default(),
            tool_timeout: Duration::from_secs(10),
            upstream: None,
            seal_events: true,
        }
    }
}
