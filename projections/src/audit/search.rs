//! Looking for events: by who did them, with what, when, to what, and because of what.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use jan_domain::Owner;
use jan_domain::ports::{Keyring, NoKeys, Signer};
use sqlx::{PgPool, Postgres, QueryBuilder};

use super::checkpoint::Checkpoint;
use super::consistency::{Consistent, consistency};
use super::event_proof::{Provable, prove};
use super::exported_event::{EVENT_COLUMNS, ExportedEvent};
use super::opening::open;
use crate::cursor::{Order, Page};
use crate::error::ReadError;

/// Which events are looked for. What is not said does not matter.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Whose events may be seen; all when nobody is named.
    pub owner: Option<Owner>,
    /// Who acted.
    pub actor: Option<String>,
    /// The API key that was used.
    pub api_key: Option<String>,
    /// What happened.
    pub event_type: Option<String>,
    /// The kind of the stream.
    pub aggregate_type: Option<String>,
    /// The stream.
    pub stream: Option<String>,
    /// What set it off.
    pub correlation: Option<String>,
    /// The request.
    pub request: Option<String>,
    /// Recorded then or later.
    pub since: Option<DateTime<Utc>>,
    /// Recorded before.
    pub until: Option<DateTime<Utc>>,
}

/// Which part of what is found is wanted.
#[derive(Debug, Clone, Copy)]
pub struct AuditPage {
    /// Begin after this position, in the order asked for.
    pub after: Option<i64>,
    /// At most so many.
    pub limit: usize,
    /// Which end comes first.
    pub order: Order,
}

/// Looks for events.
#[derive(Clone)]
pub struct AuditReader {
    pool: PgPool,
    keyring: Arc<dyn Keyring>,
}

impl AuditReader {
    pub(crate) fn new(pool: PgPool) -> Self {
        let keyring = Arc::new(NoKeys);
        Self { pool, keyring }
    }

    /// Opens what is sealed, as far as these keys do.
    #[must_use]
    pub fn opening(self, keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring, ..self }
    }

    /// Takes a checkpoint of the log as it is now.
    pub async fn checkpoint(&self, signer: &dyn Signer) -> Result<Checkpoint, ReadError> {
        Checkpoint::take(&self.pool, signer).await
    }

    /// Proves that the log continues itself; see [`consistency`].
    pub async fn consistency(&self, from: u64, to: u64) -> Result<Option<Consistent>, ReadError> {
        consistency(&self.pool, from, to).await
    }

    /// Proves an event; see [`prove`].
    pub async fn prove(
        &self,
        signer: &dyn Signer,
        position: i64,
        owner: Option<&Owner>,
    ) -> Result<Provable, ReadError> {
        prove(&self.pool, signer, position, owner).await
    }

    /// The events that are looked for, in the order of their positions. Those that the index does not
    /// have yet are found in the log itself, so nothing that is on record is missed.
    pub async fn search(
        &self,
        filter: &AuditFilter,
        page: AuditPage,
    ) -> Result<Page<ExportedEvent>, ReadError> {
        let mut query = QueryBuilder::new(format!("select {EVENT_COLUMNS} from ("));
        filter.push_part(&mut query, &INDEXED, page);
        query.push(" union all ");
        filter.push_part(&mut query, &RECENT, page);
        query
            .push(") as found join events using (position) order by position ")
            .push(page.order.direction());
        push_limit(&mut query, page);
        let rows = query.build_query_as().fetch_all(&self.pool).await?;
        let mut found = Page::cut(rows, page.limit);
        open(&mut found.items, self.keyring.as_ref()).await?;
        Ok(found)
    }
}

/// A table to look in, and how two of its columns are called there.
struct Part {
    from: &'static str,
    api_key: &'static str,
    request: &'static str,
}

const INDEXED: Part = Part {
    from: "audit_index as event where true",
    api_key: "api_key_id",
    request: "request_id",
};

const RECENT: Part = Part {
    from: "events as event
            where position > coalesce((select max(indexed_through) from event_sealer), 0)",
    api_key: "metadata ->> 'api_key_id'",
    request: "metadata ->> 'request_id'",
};

impl AuditFilter {
    fn push_part<'f>(
        &'f self,
        query: &mut QueryBuilder<'f, Postgres>,
        part: &Part,
        page: AuditPage,
    ) {
        query.push("(select position from ").push(part.from);
        if let Some(owner) = &self.owner {
            query
                .push(" and tenant_id = ")
                .push_bind(owner.tenant.as_str())
                .push(" and owner_id = ")
                .push_bind(owner.account.as_str());
        }
        for (column, wanted) in [
            ("actor_id", &self.actor),
            (part.api_key, &self.api_key),
            (part.request, &self.request),
            ("event_type", &self.event_type),
            ("aggregate_type", &self.aggregate_type),
            ("aggregate_id", &self.stream),
            ("correlation_id", &self.correlation),
        ] {
            if let Some(wanted) = wanted {
                query.push(format!(" and {column} = ")).push_bind(wanted);
            }
        }
        if let Some(since) = self.since {
            query.push(" and recorded_at >= ").push_bind(since);
        }
        if let Some(until) = self.until {
            query.push(" and recorded_at < ").push_bind(until);
        }
        if let Some(after) = page.after {
            let beyond = page.order.beyond();
            query
                .push(format!(" and position{beyond}"))
                .push_bind(after);
        }
        query
            .push(" order by position ")
            .push(page.order.direction());
        push_limit(query, page);
        query.push(")");
    }
}

/// One more than the page holds, which tells whether there is another.
fn push_limit(query: &mut QueryBuilder<'_, Postgres>, page: AuditPage) {
    let more = i64::try_from(page.limit.saturating_add(1)).unwrap_or(i64::MAX);
    query.push(" limit ").push_bind(more);
}
