//! Beginning a run: its intent goes on record, and a process carries it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use jan_domain::Owner;
use jan_domain::conversation::ConversationError;
use jan_domain::id::ResponseId;
use jan_domain::item::Item;
use jan_domain::metadata::Metadata;
use jan_domain::ports::ModelRoute;
use jan_domain::response::{Response, ResponseError};
use tokio::sync::{Notify, OwnedSemaphorePermit};

use super::attendance::Attendance;
use super::carried::Carried;
use super::carry::{Burden, carry};
use super::on_record::OnRecord;
use super::recorded::ServerKeys;
use super::teller::Teller;
use super::{RunChannel, RunError, RunWish, Signals, StreamEvent};
use crate::store::{AppendError, Loaded, NewEvent};
use crate::{CommandError, Commands};

/// Everything of a run but its place.
pub(super) struct Prepared {
    pub(super) commands: Commands,
    pub(super) metadata: Metadata,
    pub(super) id: ResponseId,
    pub(super) route: ModelRoute,
    pub(super) wish: RunWish,
    pub(super) context: Vec<Item>,
    pub(super) input: Vec<Item>,
    pub(super) accepted_at: DateTime<Utc>,
}

impl Prepared {
    /// Puts the intent on record and lets the run be carried, here if there is a `place` for it.
    /// From before the intent on this process holds the run: whatever goes wrong, somebody sees an
    /// open run that nobody holds. A run that is waited for is carried while its intent is on the way.
    pub(super) async fn begin(
        self,
        (loaded, events): (Loaded<Response>, Vec<NewEvent>),
        place: Option<OwnedSemaphorePermit>,
    ) -> Result<Attendance, RunError> {
        let commands = self.commands.clone();
        let local = &commands.runner.local;
        self.keep_what_is_beside().await?;
        commands.crash.pass("run.before_intent");
        let holding = Holding::of(&commands, &self.id);
        let intent = commands.responses.log().submit(events).await;
        let attendance = match place {
            Some(place) if !self.wish.background => {
                let (verdict, on_record) = OnRecord::soon();
                let attendance = self.carry(loaded, place, on_record);
                let recorded = intent.await;
                if recorded.is_ok() {
                    commands.crash.pass("run.after_intent");
                    verdict.on_record();
                } else {
                    // Said before the guard is let go, or the run would be stopped on record.
                    drop(verdict);
                }
                recorded.map_err(conflict)?;
                attendance
            }
            place => {
                intent.await.map_err(conflict)?;
                commands.crash.pass("run.after_intent");
                if let Some(place) = place {
                    self.carry(loaded, place, OnRecord::already())
                } else {
                    local.bell.notify_one();
                    Attendance::Away
                }
            }
        };
        drop(holding);
        Ok(attendance)
    }

    /// What is not in the stream, and must be there before anyone carries the run: the keys of its
    /// servers, and the beginning of what it tells.
    async fn keep_what_is_beside(&self) -> Result<(), RunError> {
        if !self.wish.background {
            return Ok(());
        }
        let runner = &self.commands.runner;
        let keys = self.keys();
        if !keys.is_empty() {
            runner.secrets.keep(&self.id, &keys).await?;
        }
        let told = first_told().map(Arc::new);
        runner.stream_log.append(&self.id, 0, 0, &told).await?;
        Ok(())
    }

    fn keys(&self) -> ServerKeys {
        let servers = self.wish.servers.iter();
        let keys = servers.map(|server| (server.label.clone(), server.key.clone()));
        ServerKeys(keys.collect::<BTreeMap<_, _>>())
    }

    fn carry(
        self,
        loaded: Loaded<Response>,
        place: OwnedSemaphorePermit,
        on_record: OnRecord,
    ) -> Attendance {
        let background = self.wish.background;
        let told = if background {
            first_told().to_vec()
        } else {
            Vec::new()
        };
        let channel = Arc::new(RunChannel::beginning_with(told.clone()));
        let bell = background.then(Arc::<Notify>::default);
        let teller = match &bell {
            Some(bell) => Teller::kept(Arc::clone(&channel), &told, Arc::clone(bell)),
            None => Teller::passing(Arc::clone(&channel)),
        };
        if !background {
            teller.tell(StreamEvent::Created);
        }
        let signals = Signals {
            handing_over: self.commands.runner.local.handing_over.clone(),
            ..Signals::default()
        };
        let guard = signals.client_left.clone().drop_guard();
        let epoch = loaded.state.progress().map_or(0, |run| run.epoch);
        let keys = self.keys();
        let run = Carried {
            commands: self.commands.clone(),
            id: self.id,
            owner: owner_of(&loaded),
            metadata: self.metadata,
            model: self.wish.model,
            route: Some(self.route),
            request: self.wish.request,
            context: self.context,
            input: self.input,
            conversation: self.wish.conversation,
            keys,
            keeps_content: self.wish.retention.keeps_content(),
            background,
            epoch,
            requested_at: self.accepted_at,
            teller,
            on_record,
            first_token_at: OnceLock::new(),
        };
        carry(Burden {
            run,
            loaded,
            channel: Arc::clone(&channel),
            bell,
            signals,
            place,
        });
        if background {
            guard.disarm();
            return Attendance::Away;
        }
        Attendance::Waiting { channel, guard }
    }
}

/// A run that this process holds while its intent is on the way.
pub(super) struct Holding {
    commands: Commands,
    id: ResponseId,
}

impl Holding {
    pub(super) fn of(commands: &Commands, id: &ResponseId) -> Self {
        commands.runner.local.begin(id);
        Self {
            commands: commands.clone(),
            id: id.clone(),
        }
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.commands.runner.local.begun(&self.id);
    }
}

/// A conversation that changes while a run begins on it is a conversation in use.
fn conflict(error: AppendError) -> RunError {
    match error {
        AppendError::Conflict => CommandError::Refused(ConversationError::Locked).into(),
        other => CommandError::<ResponseError>::from(other).into(),
    }
}

fn first_told() -> [StreamEvent; 2] {
    [StreamEvent::Created, StreamEvent::Queued]
}

fn owner_of(loaded: &Loaded<Response>) -> Owner {
    loaded
        .state
        .owner()
        .cloned()
        .expect("a run that was requested has an owner")
}
