use std::collections::HashSet;

use futures::future::join_all;
use jan_domain::ports::{ToolFailure, ToolOffer, ToolServerReport};

use super::asking::Asking;
use super::dial::Dialled;
use super::own_server::OwnServer;
use super::pins::Pins;
use super::settings::{ToolServerSettings, ToolSetupError};

/// The deployment's own tool servers, in the operator's order.
pub(super) struct OwnServers {
    servers: Vec<OwnServer>,
}

impl OwnServers {
    pub(super) fn try_new(
        servers: &[ToolServerSettings],
        pins: Pins,
    ) -> Result<Self, ToolSetupError> {
        let mut names = HashSet::new();
        let mut own = Vec::with_capacity(servers.len());
        for settings in servers {
            if !names.insert(&settings.name) {
                return Err(ToolSetupError::SameName {
                    server: settings.name.clone(),
                });
            }
            own.push(OwnServer::try_new(settings, pins)?);
        }
        Ok(Self { servers: own })
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &OwnServer> {
        self.servers.iter()
    }

    /// The tools of all servers that answer. Of two tools with one name the first is offered.
    pub(super) async fn offers(&self, asking: Asking<'_>) -> Vec<ToolOffer> {
        let asked = self.servers.iter().map(|server| server.offers(asking));
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
        for server in &self.servers {
            if let Some(dialled) = server.lately(asking, tool).await {
                return Ok(dialled);
            }
        }
        let (mut silent, mut closed, mut withheld) = (false, false, false);
        for server in &self.servers {
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
        let asked = self.servers.iter().map(|server| server.seen(asking));
        join_all(asked).await
    }

    /// What a server offers now.
    pub(super) async fn refresh(&self, asking: Asking<'_>, name: &str) -> Option<ToolServerReport> {
        let server = self.servers.iter().find(|server| server.name() == name)?;
        Some(server.seen_anew(asking).await)
    }
}
