use std::sync::Arc;

use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::ports::{
    AddedServers, GrantStore, ToolCall, ToolFailure, ToolHost, ToolListing, ToolOffer, ToolPlace,
    ToolResult, ToolServer,
};
use reqwest::header::AUTHORIZATION;

use super::added::{Added, How};
use super::asking::Asking;
use super::calling;
use super::dial::Dialled;
use super::endpoint::{Destination, Endpoint};
use super::headers::{CallerHeaders, bearer};
use super::listing::Lists;
use super::oauth::{Grants, GuardedHttp};
use super::own::OwnServers;
use super::sessions::Sessions;
use super::settings::{ToolLimits, ToolSettings, ToolSetupError};
use crate::safe_http::{SafeHttp, SafeHttpSettings};

/// The tool servers of the deployment and those that callers name, over MCP.
#[derive(Clone)]
pub struct McpToolHost {
    pub(super) parts: Arc<Parts>,
}

pub(super) struct Parts {
    pub(super) own: OwnServers,
    pub(super) safe_http: SafeHttp,
    pub(super) grants: Grants,
    caller_headers: CallerHeaders,
    pub(super) limits: Arc<ToolLimits>,
    pub(super) sessions: Sessions,
    lists: Lists,
}

/// Where what outlives the process is kept. What has no place is not there.
#[derive(Clone, Default)]
pub struct ToolStores {
    /// What callers are granted.
    pub grants: Option<Arc<dyn GrantStore>>,
    /// What administrators add.
    pub added: Option<Arc<dyn AddedServers>>,
}

impl McpToolHost {
    /// Sets everything up, without connecting, for servers that want nothing of single callers. To be
    /// called within a runtime, in which it keeps one task that ends idle sessions.
    pub fn try_new(settings: &ToolSettings) -> Result<Self, ToolSetupError> {
        Self::with_stores(settings, ToolStores::default())
    }

    /// The same, with places for what callers are granted and what administrators add.
    pub fn with_stores(
        settings: &ToolSettings,
        stores: ToolStores,
    ) -> Result<Self, ToolSetupError> {
        let limits = &settings.limits;
        let safe_http = SafeHttp::try_new(&SafeHttpSettings {
            own: settings.own.clone(),
            allowed: settings.allowed.clone(),
            allow_http: settings.allow_http,
            ports: settings.ports.clone(),
            connect: limits.connect,
            // A tool may be silent for as long as a call may take.
            silence: limits.call,
        })?;
        let how = How {
            safe_http: safe_http.clone(),
            pins: settings.pins,
            limits: limits.clone(),
        };
        let added = Added::new(stores.added, how);
        let http = GuardedHttp::new(safe_http.clone());
        let parts = Parts {
            own: OwnServers::try_new(&settings.servers, settings.pins, added)?,
            safe_http,
            grants: Grants::new(stores.grants, http, settings.oauth.clone()),
            caller_headers: CallerHeaders::try_new(&settings.caller_headers)?,
            limits: Arc::new(limits.clone()),
            sessions: Sessions::new(limits.session_idle),
            lists: Lists::new(),
        };
        Ok(Self {
            parts: Arc::new(parts),
        })
    }
}

impl ToolHost for McpToolHost {
    fn list(
        &self,
        listing: ToolListing,
    ) -> BoxFuture<'static, Result<Vec<ToolOffer>, ToolFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let Some(dialled) = parts.remote(&listing.server, &listing.owner).await? else {
                return Ok(parts.own.offers(parts.asking(Some(&listing.owner))).await);
            };
            let list =
                async |endpoint: Arc<Endpoint>| parts.lists.get(&parts.sessions, &endpoint).await;
            let (offers, _) = dialled.ask(&parts.grants, list).await?;
            Ok(offers.to_vec())
        })
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolResult, ToolFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let remote = parts.remote(&call.server, &call.owner).await?;
            let dialled = if let Some(dialled) = remote {
                dialled
            } else {
                let asking = parts.asking(Some(&call.owner));
                parts.own.find(asking, &call.tool).await?
            };
            let ask = async |endpoint: Arc<Endpoint>| {
                let offer = parts.lists.remembered(&endpoint, &call.tool);
                calling::call(&parts.sessions, &endpoint, &call, offer.as_ref()).await
            };
            let (result, _) = dialled.ask(&parts.grants, ask).await?;
            Ok(result)
        })
    }
}

impl Parts {
    pub(super) fn asking<'a>(&'a self, owner: Option<&'a Owner>) -> Asking<'a> {
        Asking {
            sessions: &self.sessions,
            lists: &self.lists,
            grants: &self.grants,
            owner,
        }
    }

    /// The endpoint of a server that a caller named, once its address has been vetted. Nothing of
    /// the caller's own request goes there: only what it wrote down for this server, or else what it
    /// was granted there.
    async fn remote(
        &self,
        server: &ToolServer,
        owner: &Owner,
    ) -> Result<Option<Dialled>, ToolFailure> {
        let ToolPlace::Remote {
            url,
            authorization,
            headers,
        } = &server.place
        else {
            return Ok(None);
        };
        let url = self.safe_http.vet(url).map_err(|refusal| {
            let label = server.label.as_str();
            tracing::warn!(
                tool_server.label = label,
                "the address of a tool server is not called: {refusal}"
            );
            ToolFailure::Forbidden
        })?;
        let mut headers = self.caller_headers.pick(&server.label, headers);
        if let Some(token) = authorization {
            headers.extend([bearer(token.reveal()).ok_or(ToolFailure::Unauthorized)?]);
        }
        let brings_its_own = headers.contains_key(&AUTHORIZATION);
        let destination = Destination {
            url: url.as_str(),
            client: self.safe_http.client(&url).clone(),
            headers,
        };
        let (label, limits) = (server.label.clone(), Arc::clone(&self.limits));
        let endpoint = Endpoint::new(label, Some(owner), destination, limits);
        let held = if brings_its_own {
            None
        } else {
            self.grants.held(owner, url.as_str(), None).await?
        };
        match held {
            Some(held) => Dialled::by_grant(&endpoint, held).map(Some),
            None => Ok(Some(Dialled::given(Arc::new(endpoint)))),
        }
    }
}
