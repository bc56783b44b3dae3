use std::sync::Arc;

use futures::future::BoxFuture;
use jan_domain::ports::{
    ToolCall, ToolFailure, ToolHost, ToolListing, ToolOffer, ToolPlace, ToolResult,
};

use super::tool::PythonExec;

/// A tool host that offers `python_exec` before the deployment's other tools. A tool of theirs that
/// has its name is not offered.
#[derive(Clone)]
pub struct WithCode {
    python: PythonExec,
    others: Arc<dyn ToolHost>,
}

impl WithCode {
    /// `python` and what `others` offer; only these, if there is nobody to run code.
    pub fn before(others: Arc<dyn ToolHost>, python: Option<PythonExec>) -> Arc<dyn ToolHost> {
        match python {
            Some(python) => Arc::new(Self { python, others }),
            None => others,
        }
    }
}

impl ToolHost for WithCode {
    fn list(
        &self,
        listing: ToolListing,
    ) -> BoxFuture<'static, Result<Vec<ToolOffer>, ToolFailure>> {
        let own = listing.server.place == ToolPlace::Own;
        let listed = self.others.list(listing);
        if !own {
            return listed;
        }
        let offered = self.python.offer();
        Box::pin(async move {
            let mut offers = listed.await?;
            offers.retain(|offer| offer.name != offered.name);
            offers.insert(0, offered);
            Ok(offers)
        })
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolResult, ToolFailure>> {
        let own = call.server.place == ToolPlace::Own;
        if !own || call.tool != PythonExec::NAME {
            return self.others.call(call);
        }
        let python = self.python.clone();
        Box::pin(async move { python.call(call).await })
    }
}
