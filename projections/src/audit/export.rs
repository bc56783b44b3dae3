//! Events on their way out, byte for byte.

use futures::{StreamExt as _, TryStreamExt as _};
use jan_domain::ports::Keyring;
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::exported_event::{EVENT_COLUMNS, ExportedEvent};
use super::opening::open;
use crate::error::ReadError;

/// Which events leave.
#[derive(Debug, Clone, Default)]
pub struct ExportWish {
    /// Only of this stream.
    pub stream: Option<String>,
    /// Only of this conversation and the responses in it.
    pub conversation: Option<String>,
    /// Only from this position on.
    pub from: Option<i64>,
    /// Only up to this position.
    pub to: Option<i64>,
}

/// Events that are opened at once.
const OPENED_AT_ONCE: usize = 100;

/// Hands over the events that were asked for, in the order of their positions, as they are at one
/// moment; opened as far as these keys do.
pub async fn export<E: From<ReadError>>(
    pool: &PgPool,
    wish: &ExportWish,
    keyring: &dyn Keyring,
    mut take: impl FnMut(ExportedEvent) -> Result<(), E>,
) -> Result<(), E> {
    let mut query = query(wish);
    let events = query.build_query_as::<ExportedEvent>().fetch(pool);
    let mut events = events.try_chunks(OPENED_AT_ONCE);
    while let Some(some) = events.next().await {
        let mut some = some.map_err(|failure| ReadError::from(failure.1))?;
        open(&mut some, keyring).await.map_err(ReadError::from)?;
        for event in some {
            take(event)?;
        }
    }
    Ok(())
}

fn query(wish: &ExportWish) -> QueryBuilder<'_, Postgres> {
    // Decisions about read models name positions of this log and mean nothing in another.
    let mut query = QueryBuilder::new(format!(
        "select {EVENT_COLUMNS} from events where aggregate_type <> 'projection'"
    ));
    if let Some(stream) = &wish.stream {
        query.push(" and aggregate_id = ").push_bind(stream);
    }
    if let Some(conversation) = &wish.conversation {
        query
            .push(" and (aggregate_id = ")
            .push_bind(conversation)
            .push(" or aggregate_id in (select response_id from responses where conversation_id = ")
            .push_bind(conversation)
            .push("))");
    }
    if let Some(from) = wish.from {
        query.push(" and position >= ").push_bind(from);
    }
    if let Some(to) = wish.to {
        query.push(" and position <= ").push_bind(to);
    }
    query.push(" order by position");
    query
}
