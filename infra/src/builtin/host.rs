use std::sync::Arc;

use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::metadata::Request;
use jan_domain::ports::{
    ToolCall, ToolFailure, ToolHost, ToolListing, ToolOffer, ToolPlace, ToolResult,
};
use serde_json::{Map, Value};

/// A tool of our own.
pub trait BuiltinTool: Send + Sync {
    /// As it is offered.
    fn offer(&self) -> ToolOffer;

    /// Calls it on somebody's behalf.
    fn call(
        self: Arc<Self>,
        by: CalledBy,
        arguments: Map<String, Value>,
    ) -> BoxFuture<'static, ToolResult>;
}

/// On whose behalf a tool is called, and through which request.
#[derive(Debug, Clone)]
pub struct CalledBy {
    /// Whose the run is.
    pub owner: Owner,
    /// What set it off.
    pub request: Request,
}

/// Our own tools, and behind them those of servers.
#[derive(Clone)]
pub struct BuiltinTools {
    tools: Arc<[Named]>,
    servers: Arc<dyn ToolHost>,
}

struct Named {
    offer: ToolOffer,
    tool: Arc<dyn BuiltinTool>,
}

impl BuiltinTools {
    /// These tools before those that `servers` have. A tool of a server's that has the name of one of
    /// ours is not offered.
    pub fn before(servers: Arc<dyn ToolHost>, tools: Vec<Arc<dyn BuiltinTool>>) -> Self {
        let named = tools.into_iter().map(|tool| Named {
            offer: tool.offer(),
            tool,
        });
        Self {
            tools: named.collect(),
            servers,
        }
    }

    fn find(&self, name: &str) -> Option<&Named> {
        self.tools.iter().find(|tool| tool.offer.name == name)
    }
}

impl ToolHost for BuiltinTools {
    fn list(
        &self,
        listing: ToolListing,
    ) -> BoxFuture<'static, Result<Vec<ToolOffer>, ToolFailure>> {
        let own = listing.server.place == ToolPlace::Own;
        let listed = self.servers.list(listing);
        if !own {
            return listed;
        }
        let builtin = self.clone();
        Box::pin(async move {
            let mut offers = listed.await?;
            offers.retain(|offer| builtin.find(&offer.name).is_none());
            let ours = builtin.tools.iter().map(|tool| tool.offer.clone());
            Ok(ours.chain(offers).collect())
        })
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolResult, ToolFailure>> {
        let own = call.server.place == ToolPlace::Own;
        match self.find(&call.tool).filter(|_| own) {
            Some(named) => {
                let request = Request {
                    id: call.request_id,
                    traceparent: call.traceparent,
                };
                let by = CalledBy {
                    owner: call.owner,
                    request,
                };
                let result = Arc::clone(&named.tool).call(by, call.arguments);
                Box::pin(async move { Ok(result.await) })
            }
            None => self.servers.call(call),
        }
    }
}
