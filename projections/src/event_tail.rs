//! The event log as an operator reads it: raw, whole, in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, Stream};
use jan_domain::caller::Owner;
use jan_domain::ports::{Keyring, NoKeys};
use sqlx::{PgPool, Postgres, QueryBuilder};
use tokio::time::sleep;

use crate::error::ReadError;
use crate::feed::{Gate, PAGE_EVENTS_MAX, Step, StoredEvent, open_stored, read_stored};

const COLUMNS: &str = r"
    position, aggregate_type, aggregate_id, sequence, event_type, event_version,
    payload::text, metadata::text, recorded_at";
/// How often a reader that follows looks for news.
const LOOK: Duration = Duration::from_millis(50);

/// Which events are wanted.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    /// Only of the stream with this id.
    pub aggregate_id: Option<String>,
    /// Only of this type, such as `ResponseCompleted`.
    pub event_type: Option<String>,
}

/// Reads the event log for `jan-server events`. It sees every tenant: never behind a door.
#[derive(Clone)]
pub struct EventTail {
    pool: PgPool,
    keyring: Arc<dyn Keyring>,
}

impl EventTail {
    /// Reads through this pool, and shows events as they are stored.
    pub fn new(pool: PgPool) -> Self {
        let keyring = Arc::new(NoKeys);
        Self { pool, keyring }
    }

    /// Opens what is sealed, as far as these keys do.
    #[must_use]
    pub fn opening(self, keyring: Arc<dyn Keyring>) -> Self {
        Self { keyring, ..self }
    }

    async fn fetch(
        &self,
        mut query: QueryBuilder<'_, Postgres>,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let mut events = query.build_query_as().fetch_all(&self.pool).await?;
        open_stored(&mut events, self.keyring.as_ref()).await?;
        Ok(events)
    }

    /// The newest events, oldest of them first.
    pub async fn last(
        &self,
        count: u32,
        filter: &EventFilter,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let mut query = QueryBuilder::new("select ");
        query.push(COLUMNS).push(" from events where true");
        if let Some(id) = &filter.aggregate_id {
            query.push(" and aggregate_id = ").push_bind(id);
        }
        if let Some(kind) = &filter.event_type {
            query.push(" and event_type = ").push_bind(kind);
        }
        query
            .push(" order by position desc limit ")
            .push_bind(i64::from(count));
        let mut events = self.fetch(query).await?;
        events.reverse();
        Ok(events)
    }

    /// The whole of one stream.
    pub async fn stream(&self, aggregate_id: &str) -> Result<Vec<StoredEvent>, ReadError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(COLUMNS)
            .push(" from events where aggregate_type in ('conversation', 'response', 'account', 'projection')")
            .push(" and aggregate_id = ")
            .push_bind(aggregate_id)
            .push(" order by aggregate_type, sequence");
        self.fetch(query).await
    }

    /// The events that were recorded under a trace, given its 32 hex digits. Reads the whole log:
    /// traces are looked up by people, and an index would cost every append.
    pub async fn of_trace(&self, trace_id: &str) -> Result<Vec<StoredEvent>, ReadError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(COLUMNS)
            .push(" from events where split_part(metadata ->> 'traceparent', '-', 2) = ")
            .push_bind(trace_id)
            .push(" order by position");
        self.fetch(query).await
    }

    /// Everything on record of an owner, oldest first. Reads the whole log, like
    /// [`Self::of_trace`].
    pub async fn of_owner(&self, owner: &Owner) -> Result<Vec<StoredEvent>, ReadError> {
        let mut query = QueryBuilder::new("select ");
        query
            .push(COLUMNS)
            .push(" from events where tenant_id = ")
            .push_bind(owner.tenant.as_str())
            .push(" and owner_id = ")
            .push_bind(owner.account.as_str())
            .push(" order by position");
        self.fetch(query).await
    }

    /// Everything after `position`, then whatever is appended, in order and without a gap.
    pub fn follow(
        &self,
        position: i64,
        filter: EventFilter,
    ) -> impl Stream<Item = Result<StoredEvent, ReadError>> + Send + use<> {
        let reading = Reading {
            gate: Gate::new(self.pool.clone()),
            pool: self.pool.clone(),
            keyring: Arc::clone(&self.keyring),
            filter,
            position,
            settled: 0,
            ready: VecDeque::new(),
        };
        stream::try_unfold(reading, Reading::next)
    }
}

struct Reading {
    pool: PgPool,
    keyring: Arc<dyn Keyring>,
    gate: Gate,
    filter: EventFilter,
    position: i64,
    settled: i64,
    ready: VecDeque<StoredEvent>,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(StoredEvent, Self)>, ReadError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some((event, self)));
            }
            if self.position < self.settled {
                self.read().await?;
            } else if let Step::Settled(settled) = self.gate.step().await? {
                self.settled = settled;
            } else {
                sleep(LOOK).await;
            }
        }
    }

    async fn read(&mut self) -> Result<(), ReadError> {
        let (events, through) =
            read_stored(&self.pool, self.position, self.settled, PAGE_EVENTS_MAX).await?;
        self.position = through;
        let wanted = events.into_iter().filter(|event| self.filter.takes(event));
        let mut wanted: Vec<StoredEvent> = wanted.collect();
        open_stored(&mut wanted, self.keyring.as_ref()).await?;
        self.ready = wanted.into();
        Ok(())
    }
}

impl EventFilter {
    fn takes(&self, event: &StoredEvent) -> bool {
        let same = |wanted: &Option<String>, is: &str| wanted.as_deref().is_none_or(|w| w == is);
        same(&self.aggregate_id, &event.aggregate_id) && same(&self.event_type, &event.event_type)
    }
}
