use std::sync::Arc;

use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::ports::{
    ToolCall, ToolFailure, ToolHost, ToolListing, ToolOffer, ToolPlace, ToolResult, ToolServer,
    ToolServerReport, ToolServers,
};

use super::calling;
use super::endpoint::{Destination, Endpoint};
use super::headers::{CallerHeaders, bearer};
use super::listing::Lists;
use super::own::OwnServers;
use super::sessions::Sessions;
use super::settings::{ToolLimits, ToolSettings, ToolSetupError};
use crate::safe_http::{SafeHttp, SafeHttpSettings};

/// The tool servers of the deployment and those that callers name, over MCP.
#[derive(Clone)]
pub struct McpToolHost {
    parts: Arc<Parts>,
}

struct Parts {
    own: OwnServers,
    safe_http: SafeHttp,
    caller_headers: CallerHeaders,
    limits: Arc<ToolLimits>,
    sessions: Sessions,
    lists: Lists,
}

impl McpToolHost {
    /// Sets everything up, without connecting. To be called within a runtime, in which it keeps one
    /// task that ends idle sessions.
    pub fn try_new(settings: &ToolSettings) -> Result<Self, ToolSetupError> {
        let limits = &settings.limits;
        let parts = Parts {
            own: OwnServers::try_new(&settings.servers, settings.pins)?,
            safe_http: SafeHttp::try_new(&SafeHttpSettings {
                own: settings.own.clone(),
                allowed: settings.allowed.clone(),
                allow_http: settings.allow_http,
                ports: settings.ports.clone(),
                connect: limits.connect,
                // A tool may be silent for as long as a call may take.
                silence: limits.call,
            })?,
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
            let Some(endpoint) = parts.remote(&listing.server, &listing.owner)? else {
                return Ok(parts.own.offers(&parts.sessions, &parts.lists).await);
            };
            let offers = parts.lists.get(&parts.sessions, &endpoint).await?;
            Ok(offers.to_vec())
        })
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolResult, ToolFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let remote = parts.remote(&call.server, &call.owner)?;
            let endpoint = if let Some(endpoint) = &remote {
                endpoint
            } else {
                let found = parts.own.find(&parts.sessions, &parts.lists, &call.tool);
                found.await?
            };
            let offer = parts.lists.remembered(endpoint, &call.tool);
            calling::call(&parts.sessions, endpoint, &call, offer.as_ref()).await
        })
    }
}

impl ToolServers for McpToolHost {
    fn report(&self) -> BoxFuture<'static, Vec<ToolServerReport>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move { parts.own.report(&parts.sessions, &parts.lists).await })
    }

    fn refresh(&self, name: String) -> BoxFuture<'static, Option<ToolServerReport>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let asked = parts.own.refresh(&parts.sessions, &parts.lists, &name);
            asked.await
        })
    }
}

impl Parts {
    /// The endpoint of a server that a caller named, once its address has been vetted. Nothing of
    /// the caller's own request goes there: only what it wrote down for this server.
    fn remote(&self, server: &ToolServer, owner: &Owner) -> Result<Option<Endpoint>, ToolFailure> {
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
        let destination = Destination {
            url: url.as_str(),
            client: self.safe_http.client(&url).clone(),
            headers,
        };
        let (label, limits) = (server.label.clone(), Arc::clone(&self.limits));
        Ok(Some(Endpoint::new(label, Some(owner), destination, limits)))
    }
}
