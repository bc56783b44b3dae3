//! Where a stream is kept: in memory, with the check for conflicts that real stores make, or in
//! Postgres.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use futures::FutureExt as _;
use jan_commands::CommandError;
use jan_commands::store::{AppenderLimits, EventLog, Loaded, Store};
use jan_domain::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::metadata::Metadata;
use jan_infra::id_generator::UuidV7Ids;
use jan_tests::database::{Database, ground};
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use super::Subject;

/// What came of a command.
pub(super) enum Submitted<A: Aggregate> {
    Refused(A::Error),
    Conflict,
    NoNews,
    Done(Loaded<A>),
}

/// One stream, as a client meets it.
pub(super) trait Streams<A: Subject>: 'static {
    /// A stream without events.
    fn begin() -> Self;
    /// How it stands.
    fn load(&self) -> Loaded<A>;
    /// Decides a command on what was loaded, and appends if nobody else has since.
    fn submit(&self, on: Loaded<A>, command: A::Command) -> Submitted<A>;
}

/// Events in a list.
pub(super) struct InMemory<A: Aggregate>(RefCell<Vec<A::Event>>);

impl<A: Subject + 'static> Streams<A> for InMemory<A> {
    fn begin() -> Self {
        Self(RefCell::default())
    }

    fn load(&self) -> Loaded<A> {
        let mut loaded = Loaded::<A>::new("stream");
        for event in self.0.borrow().iter() {
            loaded.state.apply(event.clone());
            loaded.version += 1;
        }
        loaded
    }

    fn submit(&self, mut on: Loaded<A>, command: A::Command) -> Submitted<A> {
        let sink = EventSink::default();
        let handled = on.state.handle(command, &(), &sink).now_or_never();
        if let Err(refusal) = handled.expect("a decision waits for nothing") {
            return Submitted::Refused(refusal);
        }
        let events = sink
            .collect()
            .now_or_never()
            .expect("the sink is not shared");
        let mut stream = self.0.borrow_mut();
        if events.is_empty() {
            return Submitted::NoNews;
        }
        if i64::try_from(stream.len()) != Ok(on.version) {
            return Submitted::Conflict;
        }
        on.version += i64::try_from(events.len()).expect("a command makes few events");
        stream.extend(events);
        Submitted::Done(on)
    }
}

/// Events in the real log.
pub(super) struct InPostgres<A: Aggregate> {
    store: Store<A>,
    id: String,
}

impl<A> Streams<A> for InPostgres<A>
where
    A: Subject + 'static,
{
    fn begin() -> Self {
        static BEGUN: AtomicU32 = AtomicU32::new(0);
        Self {
            store: Store::new(log().clone()),
            id: format!("stream_{}", BEGUN.fetch_add(1, Ordering::Relaxed)),
        }
    }

    fn load(&self) -> Loaded<A> {
        let loaded = ground().block_on(self.store.load(&self.id));
        loaded.expect("what was written can be read")
    }

    fn submit(&self, on: Loaded<A>, command: A::Command) -> Submitted<A> {
        let metadata = Metadata::of_system(&somebody(), "test");
        match ground().block_on(self.store.execute_on(on, command, &metadata)) {
            Err(CommandError::Refused(refusal)) => Submitted::Refused(refusal),
            Err(CommandError::Conflict) => Submitted::Conflict,
            Err(other) => panic!("the log is not at fault: {other}"),
            Ok(executed) if executed.position.is_none() => Submitted::NoNews,
            Ok(executed) => Submitted::Done(executed.after),
        }
    }
}

fn somebody() -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse("user_ann").expect("a prefix and letters make an id"),
    }
}

/// One log for all lives; each has a stream of its own.
fn log() -> &'static EventLog {
    static LOG: OnceLock<(EventLog, Database)> = OnceLock::new();
    let (log, _) = LOG.get_or_init(|| {
        ground().block_on(async {
            let database = Database::fresh().await;
            let pool = database.pool(4).await;
            let (ids, bell) = (Arc::new(UuidV7Ids), Arc::new(Notify::new()));
            let limits = AppenderLimits::default();
            let log = EventLog::start(pool, ids, bell, limits, &TaskTracker::new());
            (log, database)
        })
    });
    log
}
