use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::ports::{ToolCall, ToolFailure, ToolHost, ToolListing, ToolOffer, ToolResult};

#[derive(Debug)]
pub struct NoTools;

impl ToolHost for NoTools {
    fn list(&self, _: ToolListing) -> BoxFuture<'static, Result<Vec<ToolOffer>, ToolFailure>> {
        async { Ok(Vec::new()) }.boxed()
    }
    fn call(&self, call: ToolCall) -> BoxFuture<'static, Result<ToolResult, ToolFailure>> {
        async move { Err(ToolFailure::UnknownTool(call.tool)) }.boxed()
    }
}
