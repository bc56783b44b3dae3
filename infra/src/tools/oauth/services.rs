use std::time::Duration;

use jan_domain::ports::{Credential, ToolFailure};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::authorizations::told;
use super::flow::{STEP, bearer_of};
use super::grants::Grants;

/// A token that lives no longer than this is not used any more.
const NEARLY: Duration = Duration::from_secs(30);

/// The deployment's own token for one of its servers, asked for by the deployment's own name
/// (`client_credentials`), and kept in memory.
pub(in crate::tools) struct ServiceToken {
    client: (String, Credential),
    scopes: Vec<String>,
    held: Mutex<Option<HeldToken>>,
}

struct HeldToken {
    bearer: String,
    until: Option<Instant>,
}

impl ServiceToken {
    pub(in crate::tools) fn new(client: (String, Credential), scopes: Vec<String>) -> Self {
        Self {
            client,
            scopes,
            held: Mutex::default(),
        }
    }

    /// What is sent: another one than `spoilt`, which the server does not take any more.
    pub(in crate::tools) async fn bearer(
        &self,
        grants: &Grants,
        (server, home): (&str, &reqwest::Client),
        spoilt: Option<&str>,
    ) -> Result<String, ToolFailure> {
        let mut held = self.held.lock().await;
        let usable = held.as_ref().filter(|held| {
            let lives = held.until.is_none_or(|until| Instant::now() < until);
            lives && spoilt != Some(held.bearer.as_str())
        });
        if let Some(usable) = usable {
            return Ok(usable.bearer.clone());
        }
        let (id, secret) = &self.client;
        let flow = grants.flow(server, Some(home));
        let given = timeout(STEP, flow.for_ourselves((id, secret), &self.scopes)).await;
        let given = given.map_err(|_| ToolFailure::Unreachable)?;
        let given = given.map_err(|error| {
            tracing::warn!(
                tool_server.url = server,
                "no token for a tool server: {}",
                told(&error)
            );
            ToolFailure::Unauthorized
        })?;
        let (bearer, lives) = bearer_of(&given);
        let until = lives.map(|lives| Instant::now() + lives.saturating_sub(NEARLY.min(lives / 2)));
        *held = Some(HeldToken {
            bearer: bearer.clone(),
            until,
        });
        Ok(bearer)
    }
}
