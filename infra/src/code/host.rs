use futures::future::BoxFuture;
use jan_domain::ports::{
    ToolCall, ToolFailure, ToolHost, ToolListing, ToolOffer, ToolPlace, ToolResult,
};

use super::tool::PythonExec;

/// A tool host that offers `python_exec` before the deployment's other tools.
#[derive(Clone)]
pub struct WithCode<H> {
    host: H,
    python: Option<PythonExec>,
}

impl<H> WithCode<H> {
    /// Offers `python`, if there is somebody to run it, and what `host` offers.
    pub fn new(host: H, python: Option<PythonExec>) -> Self {
        Self { host, python }
    }
}

impl<H: ToolHost> ToolHost for WithCode<H> {
    fn list(
        &self,
        listing: ToolListing,
    ) -> BoxFuture<'static, Result<Vec<ToolOffer>, ToolFailure>> {
        let own = listing.server.place == ToolPlace::Own;
        let offered = self.python.as_ref().filter(|_| own).map(PythonExec::offer);
        let others = self.host.list(listing);
        Box::pin(async move {
            let Some(offered) = offered else {
                return others.await;
            };
            let mut others = others.await?;
            others.retain(|other| other.name != offered.name);
            others.insert(0, offered);
            Ok(others)
        })
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolResult, ToolFailure>> {
        let ours = call.server.place == ToolPlace::Own && call.tool == PythonExec::NAME;
        match self.python.clone().filter(|_| ours) {
            Some(python) => Box::pin(async move { python.call(call).await }),
            None => self.host.call(call),
        }
    }
}
