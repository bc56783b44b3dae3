use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::{EventUpcaster, PersistedEventRepository, SerializedEvent};
use jan_domain::metadata::Metadata;
use jan_domain::{Decider, history};
use rand::RngExt;
use serde_json::Value;

use super::as_of::unreadable;
use super::new_event::continue_stream;
use super::opening::{self, Opened};
use super::snapshot::{self, Snapshot};
use super::{AppendError, EventLog, EventRepository, NewEvent};
use crate::error::CommandError;

/// Tries of one command when others change its stream meanwhile.
const ATTEMPTS_MAX: u32 = 16;

/// The streams of one kind of aggregate: load, decide, append.
#[derive(Clone)]
pub struct Store<A: Aggregate> {
    log: EventLog,
    repository: Arc<EventRepository>,
    upcasters: Arc<Vec<Box<dyn EventUpcaster>>>,
    kind: PhantomData<fn() -> A>,
}

/// An aggregate as it stands after `version` events.
#[derive(Debug, Clone)]
pub struct Loaded<A> {
    /// The stream.
    pub id: Arc<str>,
    /// The fold of its events.
    pub state: A,
    /// How many they are.
    pub version: i64,
}

/// What came of a command.
#[derive(Debug, Clone)]
pub struct Executed<A> {
    /// The aggregate after it.
    pub after: Loaded<A>,
    /// The position of its last new event; `None` when the command was accepted before.
    pub position: Option<i64>,
}

impl<A: Aggregate<Services = ()>> Loaded<A> {
    /// A stream that has no events yet.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.into(),
            state: A::default(),
            version: 0,
        }
    }

    /// Decides `command` and moves on to the state after it; nothing is written yet.
    pub async fn decide(
        &mut self,
        command: A::Command,
        metadata: &Metadata,
        log: &EventLog,
    ) -> Result<Vec<NewEvent>, A::Error> {
        self.decide_keeping(command, metadata, log, |event| event)
            .await
    }

    /// The same, for a stream of which less is kept than is decided on.
    pub(crate) async fn decide_keeping(
        &mut self,
        command: A::Command,
        metadata: &Metadata,
        log: &EventLog,
        kept: impl Fn(A::Event) -> A::Event,
    ) -> Result<Vec<NewEvent>, A::Error> {
        let sink = EventSink::default();
        self.state.handle(command, &(), &sink).await?;
        let events: Vec<A::Event> = sink.collect().await.into_iter().map(kept).collect();
        let fresh = continue_stream::<A>(&self.id, self.version, &events, metadata, log.ids());
        self.version += i64::try_from(fresh.len()).expect("a command makes few events");
        Ok(fresh)
    }
}

impl<A> Store<A>
where
    A: Decider,
    A::Command: Clone,
{
    /// The streams of `A` in this log.
    pub fn new(log: EventLog) -> Self {
        let repository = Arc::new(EventRepository::new(log.pool().clone()));
        Self {
            log,
            repository,
            upcasters: Arc::new(history::upcasters()),
            kind: PhantomData,
        }
    }

    /// The log behind it.
    pub fn log(&self) -> &EventLog {
        &self.log
    }

    /// Folds a stream. A stream without events is the aggregate's default, at version 0. A long one is
    /// folded from its snapshot on, and leaves another behind when much came after that.
    pub async fn load(&self, id: &str) -> Result<Loaded<A>, CommandError<A::Error>> {
        let (known, events) = self.known(id).await?;
        let read = i64::try_from(events.len()).unwrap_or(i64::MAX);
        let owner = events.last().and_then(snapshot::owner_of);
        let loaded = self.fold(known, events, |_| {}).await?;
        if let Some(owner) = owner {
            let state = (&loaded.state, loaded.version);
            let keyring = self.log.shared_keyring();
            self.log.snapshots().take(id, state, read, (owner, keyring));
        }
        Ok(loaded)
    }

    /// What a snapshot knows of a stream, or nothing, and the events that follow.
    async fn known(
        &self,
        id: &str,
    ) -> Result<(Loaded<A>, Vec<SerializedEvent>), CommandError<A::Error>> {
        let pool = self.log.pool();
        let mut events = snapshot::tail::<A>(pool, id).await.map_err(unreadable)?;
        let first = events.first().map(|event| event.sequence);
        if first == Some(1) {
            return Ok((Loaded::new(id), events));
        }
        let snapshot = Snapshot::find::<A>(pool, id).await.map_err(unreadable)?;
        if events.is_empty() && snapshot.is_none() {
            return Ok((Loaded::new(id), events));
        }
        if let Some(snapshot) = snapshot {
            let version = snapshot.version;
            // The event that made the snapshot's version must be there: else it tells of another past.
            let made_by = |event: &SerializedEvent| i64::try_from(event.sequence) == Ok(version);
            if let Some(place) = events.iter().position(made_by)
                && let Some(state) = snapshot.open::<A>(id, self.log.keyring()).await?
            {
                events.drain(..=place);
                let known = Loaded {
                    id: id.into(),
                    state,
                    version,
                };
                return Ok((known, events));
            }
        }
        let all = self.repository.get_events::<A>(id).await?;
        Ok((Loaded::new(id), all))
    }

    /// Folds the next events of a stream: opened, raised to today's versions, none missing. Each is
    /// `heard` before it is applied. Where one cannot be opened any more because its owner was erased,
    /// there never was anything; only the erasure itself is still told.
    pub(super) async fn fold(
        &self,
        mut loaded: Loaded<A>,
        events: Vec<SerializedEvent>,
        mut heard: impl FnMut(&A::Event) + Send,
    ) -> Result<Loaded<A>, CommandError<A::Error>> {
        let keys = opening::keys_of(self.log.keyring(), &events).await?;
        let mut erased = false;
        for mut event in events {
            loaded.version += 1;
            if i64::try_from(event.sequence) != Ok(loaded.version) {
                return Err(CommandError::Gap(loaded.version));
            }
            let opened = opening::open(&mut event, &keys)?;
            if matches!(opened, Opened::Lost) && !erased {
                (loaded.state, erased) = (A::default(), true);
            }
            if !erased || event.event_type == history::ERASED {
                let event = self.read(event, opened)?;
                heard(&event);
                loaded.state.apply(event);
            }
        }
        Ok(loaded)
    }

    /// Reads an event, raised to today's version.
    fn read(
        &self,
        event: SerializedEvent,
        opened: Opened,
    ) -> Result<A::Event, CommandError<A::Error>> {
        let mut steps = self.upcasters.iter();
        let old = steps.any(|step| step.can_upcast(&event.event_type, &event.event_version));
        let payload = match opened {
            Opened::Text(text) if !old => {
                return serde_json::from_str(&text).map_err(CommandError::Corrupt);
            }
            Opened::Text(text) => serde_json::from_str(&text).map_err(CommandError::Corrupt)?,
            Opened::Value(value) => value,
            Opened::Lost => Value::Null,
        };
        let event = SerializedEvent { payload, ..event };
        let raised = self.upcasters.iter().fold(event, |event, step| {
            if step.can_upcast(&event.event_type, &event.event_version) {
                step.upcast(event)
            } else {
                event
            }
        });
        serde_json::from_value(raised.payload).map_err(CommandError::Corrupt)
    }

    /// Carries out a command on whatever the stream holds by now, retrying when others change it.
    pub async fn execute(
        &self,
        id: &str,
        command: A::Command,
        metadata: &Metadata,
    ) -> Result<Executed<A>, CommandError<A::Error>> {
        self.execute_when(id, command, metadata, |_| Ok(())).await
    }

    /// Carries out a command if `admit` finds nothing against it in the loaded state.
    pub async fn execute_when(
        &self,
        id: &str,
        command: A::Command,
        metadata: &Metadata,
        admit: impl Fn(&A) -> Result<(), A::Error>,
    ) -> Result<Executed<A>, CommandError<A::Error>> {
        for attempt in 0..ATTEMPTS_MAX {
            let loaded = self.load(id).await?;
            admit(&loaded.state).map_err(CommandError::Refused)?;
            match self.execute_on(loaded, command.clone(), metadata).await {
                Err(CommandError::Conflict) => back_off(attempt).await,
                outcome => return outcome,
            }
        }
        Err(CommandError::Conflict)
    }

    /// Carries out a command that starts a stream, without looking whether it exists: the stream's
    /// own key answers that.
    pub async fn create(
        &self,
        id: &str,
        command: A::Command,
        metadata: &Metadata,
    ) -> Result<Executed<A>, CommandError<A::Error>> {
        match self
            .execute_on(Loaded::new(id), command.clone(), metadata)
            .await
        {
            Err(CommandError::Conflict) => self.execute(id, command, metadata).await,
            outcome => outcome,
        }
    }

    /// Carries out a command on a known state, once.
    pub async fn execute_on(
        &self,
        mut loaded: Loaded<A>,
        command: A::Command,
        metadata: &Metadata,
    ) -> Result<Executed<A>, CommandError<A::Error>> {
        let decided = loaded.decide(command, metadata, &self.log).await;
        let events = decided.map_err(CommandError::Refused)?;
        if events.is_empty() {
            return Ok(Executed {
                after: loaded,
                position: None,
            });
        }
        let appended = self.log.submit(events).await.await?;
        Ok(Executed {
            after: loaded,
            position: Some(appended.position),
        })
    }
}

/// Lets the others pass: a few milliseconds, a little longer each time, never in step.
pub(crate) async fn back_off(attempt: u32) {
    let most = 4 << attempt.min(5);
    let pause = rand::rng().random_range(1..=most);
    tokio::time::sleep(Duration::from_millis(pause)).await;
}

impl<E> From<AppendError> for CommandError<E> {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict => Self::Conflict,
            AppendError::Unavailable(source) => Self::Unavailable(source.into()),
            AppendError::Rejected(source) => Self::Rejected(source.into()),
            AppendError::NoKey(source) => Self::Unavailable(source.into()),
        }
    }
}
