use std::sync::Arc;

use futures::future::BoxFuture;
use jan_domain::ports::{
    AddedServer, AdditionRefused, ServerChange, ToolServerReport, ToolServers,
};

use super::host::{McpToolHost, Parts};

impl ToolServers for McpToolHost {
    fn report(&self) -> BoxFuture<'static, Vec<ToolServerReport>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move { parts.own.report(parts.asking(None)).await })
    }

    fn refresh(&self, name: String) -> BoxFuture<'static, Option<ToolServerReport>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move { parts.own.refresh(parts.asking(None), &name).await })
    }

    fn add(
        &self,
        server: AddedServer,
    ) -> BoxFuture<'static, Result<ToolServerReport, AdditionRefused>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            parts.is_not_configured(&server.label)?;
            let added = parts.own.added.add(server).await?;
            Ok(added.seen_anew(parts.asking(None)).await)
        })
    }

    fn change(
        &self,
        label: String,
        change: ServerChange,
    ) -> BoxFuture<'static, Result<ToolServerReport, AdditionRefused>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            parts.is_not_configured(&label)?;
            let changed = parts.own.added.change(&label, change).await?;
            Ok(changed.seen_anew(parts.asking(None)).await)
        })
    }

    fn remove(&self, label: String) -> BoxFuture<'static, Result<(), AdditionRefused>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            parts.is_not_configured(&label)?;
            parts.own.added.remove(&label).await
        })
    }
}

impl Parts {
    fn is_not_configured(&self, label: &str) -> Result<(), AdditionRefused> {
        if self.own.is_configured(label) {
            return Err(AdditionRefused::Configured(label.to_owned()));
        }
        Ok(())
    }
}
