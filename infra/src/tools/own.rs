use std::collections::HashSet;
use std::sync::Arc;

use futures::future::join_all;
use jan_domain::ports::{ToolFailure, ToolOffer, ToolServerReport};

use super::added::Added;
use super::asking::Asking;
use super::dial::Dialled;
use super::own_server::OwnServer;
use super::pins::Pins;
use super::settings::{ToolServerSettings, ToolSetupError};

/// The deployment's own tool servers: those of the operator's file in its order, then those that were
/// added.
pub(super) struct OwnServers {
    configured: Vec<Arc<OwnServer>>,
    pub(super) added: Added,
}

type Servers = Vec<Arc<OwnServer>>;

impl OwnServers {
    pub(super) fn try_new(
        servers: &[ToolServerSettings],
        pins: Pins,
        added: Added,
    ) -> Result<Self, ToolSetupError> {
        let mut names = HashSet::new();
        let mut own = Vec::with_capacity(servers.len());
        for settings in servers {
            if !names.insert(&settings.name) {
                return Err(ToolSetupError::SameName {
                    server: settings.name.clone(),
                });
            }
            own.push(Arc::new(OwnServer::try_new(settings, pins)?));
        }
        Ok(Self {
            configured: own,
            added,
        })
    }

    /// All of them. A label of the file is the file's, whatever was added.
    pub(super) async fn all(&self) -> Servers {
        let added = self.added.current().await;
        let added = added
            .iter()
            .filter(|server| !self.is_configured(server.name()));
        self.configured.iter().chain(added).cloned().collect()
    }

    /// Whether the operator's file has one of this name.
    pub(super) fn is_configured(&self, name: &str) -> bool {
        self.configured.iter().any(|server| server.name() == name)
    }

    /// The tools of all servers that answer. Of two tools with one name the first is offered.
    pub(super) async fn offers(&self, asking: Asking<'_>) -> Vec<ToolOffer> {
        let servers = self.all().await;
        let asked = servers.iter().map(|server| server.offers(asking));
        let answers = join_all(asked).await;
        let mut names = HashSet::new();
        answers
            .into_iter()
            .flat_map(Result::unwrap_or_default)
            .filter(|offer| names.insert(offer.name.clone()))
            .collect()
    }

    /// The server that offers a tool, ready to be called. While one does not answer, it may be that
    /// one; while one does not let the caller in, likewise.
    pub(super) async fn find(
        &self,
        asking: Asking<'_>,
        tool: &str,
    ) -> Result<Dialled, ToolFailure> {
        let servers = self.all().await;
        for server in &servers {
            if let Some(dialled) = server.lately(asking, tool).await {
                return Ok(dialled);
            }
        }
        let (mut silent, mut closed, mut withheld) = (false, false, false);
        for server in &servers {
            match server.verdict(asking).await {
                Ok((verdict, dialled)) if verdict.offers(tool) => return Ok(dialled),
                Ok((verdict, _)) => withheld |= verdict.withholds(tool),
                Err(ToolFailure::Unauthorized) => closed = true,
                Err(_) => silent = true,
            }
        }
        Err(if withheld {
            ToolFailure::Withheld(tool.to_owned())
        } else if silent {
            ToolFailure::Unreachable
        } else if closed {
            ToolFailure::Unauthorized
        } else {
            ToolFailure::UnknownTool(tool.to_owned())
        })
    }

    /// What is known of all servers.
    pub(super) async fn report(&self, asking: Asking<'_>) -> Vec<ToolServerReport> {
        let servers = self.all().await;
        let asked = servers.iter().map(|server| server.seen(asking));
        join_all(asked).await
    }

    /// What a server offers now.
    pub(super) async fn refresh(&self, asking: Asking<'_>, name: &str) -> Option<ToolServerReport> {
        let servers = self.all().await;
        let server = servers.iter().find(|server| server.name() == name)?;
        Some(server.seen_anew(asking).await)
    }
}
