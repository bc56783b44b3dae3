//! States put away on the way, so that a long stream need not be folded from its first event.
//!
//! They are advice. Deleting all of them changes nothing but time; one of another schema, or one that
//! cannot be read, or that is ahead of its stream, is as good as none; and no append looks at them.
//! They are sealed under their owner's key, as events are.

use std::sync::Arc;

use cqrs_es::persist::SerializedEvent;
use jan_domain::metadata::Metadata;
use jan_domain::ports::{KeyFailure, KeyState, Keyring};
use jan_domain::sealed::{self, Place};
use jan_domain::{Decider, Owner};
use serde::Deserialize as _;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// Streams of fewer events have no snapshot: they are folded in a few milliseconds.
const LONG_FROM: i64 = 1_000;
/// Events between two snapshots of one stream.
const APART: i64 = 500;
/// Snapshots that wait to be written; beyond it none is taken, and the next load takes it.
const WAITING_MAX: usize = 1;

/// A state as it lies in the database.
pub(super) struct Snapshot {
    pub(super) version: i64,
    state: String,
}

/// A snapshot to be written.
pub(super) struct NewSnapshot {
    aggregate_type: &'static str,
    aggregate_id: String,
    version: i64,
    schema_hash: String,
    state: String,
    owner: Owner,
    keyring: Arc<dyn Keyring>,
}

/// Why a snapshot is not written.
#[derive(Debug, thiserror::Error)]
enum NotWritten {
    #[error(transparent)]
    Unsealed(#[from] KeyFailure),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// The way to the task that writes snapshots.
#[derive(Clone)]
pub(super) struct SnapshotKeeper(mpsc::Sender<NewSnapshot>);

impl SnapshotKeeper {
    /// Starts the task. It ends when nobody can take a snapshot any more.
    pub(super) fn start(pool: PgPool, tracker: &TaskTracker) -> Self {
        let (sender, mut taken) = mpsc::channel::<NewSnapshot>(WAITING_MAX);
        tracker.spawn(async move {
            while let Some(snapshot) = taken.recv().await {
                if let Err(error) = snapshot.write(&pool).await {
                    tracing::warn!(stream.id = %snapshot.aggregate_id, error = %error,
                        "a snapshot could not be written");
                }
            }
        });
        Self(sender)
    }

    /// Takes a snapshot of a state that is on record, if it is worth it: `read` of its events had to
    /// be read to come to it.
    pub(super) fn take<A: Decider>(
        &self,
        id: &str,
        (state, version): (&A, i64),
        read: i64,
        (owner, keyring): (Owner, Arc<dyn Keyring>),
    ) {
        if version < LONG_FROM || read < APART {
            return;
        }
        let Ok(place) = self.0.try_reserve() else {
            return;
        };
        match put_away(state) {
            Ok(state) => place.send(NewSnapshot {
                aggregate_type: A::TYPE,
                aggregate_id: id.to_owned(),
                version,
                schema_hash: schema_hash::<A>(),
                state,
                owner,
                keyring,
            }),
            Err(error) => tracing::warn!(stream.id = id, error = %error,
                "a state cannot be put away"),
        }
    }
}

impl NewSnapshot {
    async fn write(&self, pool: &PgPool) -> Result<(), NotWritten> {
        let place = place(
            (self.aggregate_type, &self.aggregate_id),
            self.version,
            &self.schema_hash,
        );
        let key = self.keyring.key_of(&self.owner).await?;
        let sealed = key.map(|key| sealed::seal(&place, &key, &self.state));
        let sql = r"
            insert into snapshots (aggregate_type, aggregate_id, version, schema_hash, state)
            values ($1, $2, $3, $4, $5)
            on conflict (aggregate_type, aggregate_id) do update
               set version = excluded.version,
                   schema_hash = excluded.schema_hash,
                   state = excluded.state,
                   taken_at = excluded.taken_at";
        sqlx::query(sql)
            .bind(self.aggregate_type)
            .bind(&self.aggregate_id)
            .bind(self.version)
            .bind(&self.schema_hash)
            .bind(sealed.as_ref().unwrap_or(&self.state))
            .execute(pool)
            .await?;
        Ok(())
    }
}

impl Snapshot {
    /// The snapshot of a stream, if there is one of today's schema.
    pub(super) async fn find<A: Decider>(
        pool: &PgPool,
        id: &str,
    ) -> Result<Option<Self>, sqlx::Error> {
        let sql = r"
            select version, state
              from snapshots
             where aggregate_type = $1
               and aggregate_id = $2
               and schema_hash = $3";
        let row: Option<(i64, String)> = sqlx::query_as(sql)
            .bind(A::TYPE)
            .bind(id)
            .bind(schema_hash::<A>())
            .fetch_optional(pool)
            .await?;
        Ok(row.map(|(version, state)| Self { version, state }))
    }

    /// The state, unless it cannot be read, or not any more.
    pub(super) async fn open<A: Decider>(
        self,
        id: &str,
        keyring: &dyn Keyring,
    ) -> Result<Option<A>, KeyFailure> {
        let Some(text) = self.unsealed::<A>(id, keyring).await? else {
            return Ok(None);
        };
        let state = take_out(&text);
        if let Err(error) = &state {
            tracing::warn!(stream.id = id, error = %error, "a snapshot cannot be read");
        }
        Ok(state.ok())
    }

    async fn unsealed<A: Decider>(
        self,
        id: &str,
        keyring: &dyn Keyring,
    ) -> Result<Option<String>, KeyFailure> {
        let Some(found) = sealed::find(&self.state) else {
            return Ok(Some(self.state));
        };
        let Ok(found) = found else { return Ok(None) };
        let key = match keyring.remembered(found.key()) {
            None => keyring
                .find(&[found.key().to_owned()])
                .await?
                .remove(found.key()),
            known => known,
        };
        let Some(KeyState::Held(seal)) = key else {
            return Ok(None);
        };
        let schema = schema_hash::<A>();
        let place = place((A::TYPE, id), self.version, &schema);
        Ok(found.open(&place, seal.as_ref()).ok())
    }
}

/// Where a snapshot stands, for its seal.
fn place<'a>(stream: (&'a str, &'a str), version: i64, schema_hash: &'a str) -> Place<'a> {
    Place {
        aggregate_type: stream.0,
        aggregate_id: stream.1,
        sequence: version,
        event_type: "snapshot",
        event_version: schema_hash,
    }
}

/// Whose stream an event is in.
pub(super) fn owner_of(event: &SerializedEvent) -> Option<Owner> {
    let metadata = Metadata::deserialize(&event.metadata).ok()?;
    Some(Owner {
        tenant: metadata.tenant_id,
        account: metadata.owner_id,
    })
}

/// The events of a stream from the one on that made its snapshot, in order; all when it has none.
pub(super) async fn tail<A: Decider>(
    pool: &PgPool,
    id: &str,
) -> Result<Vec<SerializedEvent>, sqlx::Error> {
    let sql = r"
        select sequence, event_type, event_version, payload, metadata
          from events
         where aggregate_type = $1
           and aggregate_id = $2
           and sequence >= coalesce((select version
                                       from snapshots
                                      where aggregate_type = $1
                                        and aggregate_id = $2
                                        and schema_hash = $3), 0)
         order by sequence";
    let rows: Vec<(i64, String, String, Value, Value)> = sqlx::query_as(sql)
        .bind(A::TYPE)
        .bind(id)
        .bind(schema_hash::<A>())
        .fetch_all(pool)
        .await?;
    let event = |(sequence, event_type, event_version, payload, metadata)| {
        SerializedEvent::new(
            id.to_owned(),
            usize::try_from(sequence).unwrap_or_default(),
            A::TYPE.to_owned(),
            event_type,
            event_version,
            payload,
            metadata,
        )
    };
    Ok(rows.into_iter().map(event).collect())
}

/// What a state looks like, in as far as its aggregate says when that changes.
pub(super) fn schema_hash<A: Decider>() -> String {
    let hash = Sha256::digest(format!("{}\0{}", A::TYPE, A::STATE_VERSION));
    format!("{hash:x}")
}

/// A state as text. The only place where one is written.
fn put_away<A: Decider>(state: &A) -> Result<String, serde_json::Error> {
    serde_json::to_string(state)
}

/// A state from its text. The only place where one is read.
fn take_out<A: Decider>(text: &str) -> Result<A, serde_json::Error> {
    serde_json::from_str(text)
}
