//! Erasing an account: plan, perform, record. A crash anywhere is finished by the next sweep, on any
//! node, because every step may be taken twice.

use std::sync::Arc;
use std::time::Duration;

use jan_domain::Owner;
use jan_domain::account::{Account, AccountCommand, AccountError};
use jan_domain::id::ResponseId;
use jan_domain::media::ObjectPrefix;
use jan_domain::metadata::Metadata;
use jan_domain::ports::{Clock, ObjectStore, OpenWork};
use jan_domain::response::{
    Failure, FailureKind, Response, ResponseCommand, ResponseError, Timing,
};
use tokio_util::sync::CancellationToken;

use crate::CommandError;
use crate::crash::CrashPoints;
use crate::store::{Erasures, EventLog, OwnerKeys, Store};

/// Pause between two looks for erasures that were not finished.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Looks between two searches for what came late.
const LOOKS_PER_SEARCH: u32 = 20;

/// Erases accounts. It needs a log and keys, and no server around them. Cheap to clone.
#[derive(Clone)]
pub struct Eraser {
    accounts: Store<Account>,
    responses: Store<Response>,
    keys: OwnerKeys,
    erasures: Erasures,
    objects: Arc<dyn ObjectStore>,
    clock: Arc<dyn Clock>,
    crash: CrashPoints,
}

type Refusal = CommandError<AccountError>;

impl Eraser {
    /// Erases what is in this log, sealed under these keys, and in this object store.
    pub fn new(
        log: &EventLog,
        keys: OwnerKeys,
        objects: Arc<dyn ObjectStore>,
        clock: Arc<dyn Clock>,
        crash: CrashPoints,
    ) -> Self {
        Self {
            accounts: Store::new(log.clone()),
            responses: Store::new(log.clone()),
            keys,
            erasures: Erasures::new(log.pool().clone()),
            objects,
            clock,
            crash,
        }
    }

    /// Erases an account for good: nothing of it can be read any more, here at once, on other nodes
    /// within seconds. What the read models show of it goes as they follow.
    pub async fn erase(
        &self,
        owner: &Owner,
        metadata: &Metadata,
        open: &dyn OpenWork,
    ) -> Result<(), Refusal> {
        let account = self.accounts.load(owner.account.as_str()).await?;
        match account.state {
            Account::Live(live) if live.owner == *owner => {}
            Account::Erased => {}
            Account::Live(_) | Account::NotCreated => {
                return Err(CommandError::Refused(AccountError::NotFound));
            }
        }
        self.erasures.plan(owner).await.map_err(unavailable)?;
        self.crash.pass("erase.after_plan");
        self.perform(owner, metadata, open).await
    }

    /// How many events of an owner can still be read after its erasure, because they were never sealed.
    pub async fn count_readable(&self, owner: &Owner) -> Result<i64, Refusal> {
        let counted = self.erasures.count_readable(owner).await;
        counted.map_err(unavailable)
    }

    /// Everything after the plan. Its order matters: runs can be ended and the erasure told only
    /// while streams can be read, and nobody may be told so before nothing new is taken in.
    async fn perform(
        &self,
        owner: &Owner,
        metadata: &Metadata,
        open: &dyn OpenWork,
    ) -> Result<(), Refusal> {
        let running = open.open_of(owner).await;
        for id in running.map_err(|error| CommandError::Unavailable(error.into()))? {
            self.end(&id, metadata).await?;
        }
        self.crash.pass("erase.after_runs");
        let command = AccountCommand::Erase {
            at: self.clock.now(),
        };
        let id = owner.account.as_str();
        self.accounts.execute(id, command, metadata).await?;
        self.crash.pass("erase.after_event");
        self.keys.destroy(owner).await.map_err(unavailable)?;
        self.crash.pass("erase.after_key");
        self.delete_objects(owner).await?;
        self.crash.pass("erase.after_objects");
        self.erasures.purge(owner).await.map_err(unavailable)?;
        self.crash.pass("erase.after_purge");
        self.erasures.finish(owner).await.map_err(unavailable)
    }

    /// Whatever of the owner lies in the object store, on record or not.
    async fn delete_objects(&self, owner: &Owner) -> Result<u64, Refusal> {
        let prefix = ObjectPrefix::of_owner(owner);
        let deleted = self.objects.delete_below(&prefix).await;
        deleted.map_err(|failure| CommandError::Unavailable(failure.into()))
    }

    /// Ends a call or a run. Whoever carries it finds out by itself.
    async fn end(&self, id: &ResponseId, metadata: &Metadata) -> Result<(), Refusal> {
        let command = ResponseCommand::Fail {
            failure: Failure {
                kind: FailureKind::Internal,
                message: "The account was erased.".to_owned(),
            },
            partial: None,
            timing: Timing {
                first_token_ms: 0,
                total_ms: 0,
            },
            at: self.clock.now(),
        };
        match self.responses.execute(id.as_str(), command, metadata).await {
            Ok(_) => Ok(()),
            // It has ended meanwhile, or cannot be read any more.
            Err(CommandError::Refused(ResponseError::AlreadyClosed | ResponseError::NotFound)) => {
                Ok(())
            }
            Err(CommandError::Conflict) => Err(CommandError::Conflict),
            Err(error) => Err(CommandError::Unavailable(error.into())),
        }
    }

    /// Finishes what was begun, and answers how many erasures that were.
    pub async fn finish(&self, open: &dyn OpenWork) -> Result<usize, Refusal> {
        let unfinished = self.erasures.unfinished().await.map_err(unavailable)?;
        for owner in &unfinished {
            let metadata = Metadata::of_system(owner, "erasure");
            self.perform(owner, &metadata, open).await?;
        }
        Ok(unfinished.len())
    }

    /// Finishes what was begun, until told to stop, and looks now and then whether a process that
    /// was paused has left something of those who are erased.
    pub async fn keep_finishing(self, open: Arc<dyn OpenWork>, stop: CancellationToken) {
        let mut looks = 0;
        while !stop.is_cancelled() {
            match self.finish(open.as_ref()).await {
                Ok(0) => {}
                Ok(finished) => tracing::warn!(finished, "finished erasures that were interrupted"),
                Err(error) => {
                    tracing::warn!(error = %error, "an erasure could not be finished yet");
                }
            }
            if looks % LOOKS_PER_SEARCH == 0
                && let Err(error) = self.purge_late().await
            {
                tracing::warn!(error = %error, "what came late of the erased could not be searched");
            }
            looks += 1;
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn purge_late(&self) -> Result<(), Refusal> {
        for owner in self.erasures.recent().await.map_err(unavailable)? {
            self.delete_objects(&owner).await?;
            self.erasures.purge(&owner).await.map_err(unavailable)?;
        }
        Ok(())
    }
}

fn unavailable(error: sqlx::Error) -> Refusal {
    CommandError::Unavailable(error.into())
}
