use rmcp::transport::auth::OAuthClientConfig;
use serde::{Deserialize, Serialize};

/// What we are to an authorization server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Client {
    /// By this name it knows us.
    pub(super) id: String,
    /// By this it believes us, where it wants to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) secret: Option<String>,
    /// Where it sends people back to.
    pub(super) redirect_uri: String,
}

impl Client {
    pub(super) fn of(config: &OAuthClientConfig) -> Self {
        Self {
            id: config.client_id.clone(),
            secret: config.client_secret.clone(),
            redirect_uri: config.redirect_uri.clone(),
        }
    }

    pub(super) fn config(&self, scopes: &[String]) -> OAuthClientConfig {
        let config = OAuthClientConfig::new(&self.id, &self.redirect_uri);
        let config = config
            .with_scopes(scopes.to_vec())
            .with_application_type("web");
        match &self.secret {
            Some(secret) => config.with_client_secret(secret),
            None => config,
        }
    }
}
