use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};

use super::asking::Asking;
use crate::error::ApiError;

/// What only administrators may ask.
#[derive(Default)]
pub(super) struct AdminQuery;

/// A server process that lives.
#[derive(SimpleObject)]
struct ServerNode {
    /// Never used twice.
    id: ID,
    /// When it began.
    started_at: DateTime<Utc>,
    /// When it counts as dead unless it shows signs of life before.
    expires_at: DateTime<Utc>,
}

#[Object]
impl AdminQuery {
    /// The server processes that live, the oldest first. For administrators.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Option<Vec<ServerNode>>, ApiError> {
        let asking = Asking::of(ctx);
        asking.require_administrator()?;
        let nodes = asking.reads().nodes.list().await?.into_iter();
        let nodes = nodes.map(|row| ServerNode {
            id: row.id.into(),
            started_at: row.started_at,
            expires_at: row.expires_at,
        });
        Ok(Some(nodes.collect()))
    }
}
