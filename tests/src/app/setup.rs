use std::time::Duration;

use jan_infra::config::{AuthSettings, Limits, Roles, ServerSettings};

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
    /// Longest a tool call may take.
    pub tool_timeout: Duration,
    /// Calls go to this base URL instead of to the scripted model.
    pub upstream: Option<String>,
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
            tool_timeout: Duration::from_secs(10),
            upstream: None,
        }
    }
}
