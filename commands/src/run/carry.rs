//! Letting this process carry a run: its task, its stream, and what is left when it is over.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::response::{Failure, FailureKind, Response};
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::carried::Carried;
use super::drive::drive;
use super::record::Carrying;
use super::{RunChannel, Signals, close};
use crate::Commands;
use crate::runner::local::LocalRun;
use crate::store::Loaded;

/// A run about to be carried.
pub(super) struct Burden {
    pub(super) run: Carried,
    pub(super) loaded: Loaded<Response>,
    pub(super) channel: Arc<RunChannel>,
    /// Rung by the run's teller when its stream is written down first.
    pub(super) bell: Option<Arc<Notify>>,
    pub(super) signals: Signals,
    /// A place among the runs of this process, kept as long as the run.
    pub(super) place: OwnedSemaphorePermit,
}

/// Longest pause between two tries to write a stream down.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Carries a run in a task of its own; refused when it is carried here already.
pub(super) fn carry(burden: Burden) -> bool {
    let Burden {
        run,
        loaded,
        channel,
        bell,
        signals,
        place,
    } = burden;
    let commands = run.commands.clone();
    let id = run.id.clone();
    let local = LocalRun {
        channel: Arc::clone(&channel),
        signals: signals.clone(),
    };
    if !commands.runner.local.enter(&id, local) {
        return false;
    }
    commands.metrics.opened();
    let tracker = commands.tracker.clone();
    let span = span_of(&run);
    tracker.spawn(
        async move {
            let (epoch, model) = (run.epoch, run.model.clone());
            let driving = drive(Arc::new(run), loaded, signals.clone());
            let writing = Writing {
                commands: commands.clone(),
                id: id.clone(),
                epoch,
                channel: Arc::clone(&channel),
            };
            let carried = match &bell {
                Some(bell) => Box::pin(writing.beside(driving, bell, &signals)).await,
                None => AssertUnwindSafe(driving).catch_unwind().await.ok(),
            };
            if carried == Some(Carrying::GivenUp) {
                commands.metrics.let_go(&model);
            }
            settle(&commands, &id, carried).await;
            channel.close();
            commands.runner.local.leave(&id);
            drop(place);
            if bell.is_some() {
                // There is a place for another one.
                commands.runner.local.bell.notify_one();
            }
        }
        .instrument(span),
    );
    true
}

/// The span of a run, in the words of the OpenTelemetry GenAI conventions.
fn span_of(run: &Carried) -> tracing::Span {
    tracing::info_span!(
        "gen_ai.response",
        otel.name = %format_args!("chat {}", run.model),
        otel.kind = "client",
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = run.route.as_ref().map(|route| &*route.provider_name),
        gen_ai.request.model = run.model,
        gen_ai.response.id = run.id.as_str(),
        gen_ai.conversation.id = run.conversation.as_ref().map(ConversationId::as_str),
        jan.run.epoch = run.epoch,
    )
}

/// After a run was carried: what it no longer needs is forgotten, and one whose task broke is ended.
async fn settle(commands: &Commands, id: &ResponseId, carried: Option<Carrying>) {
    match carried {
        Some(Carrying::GivenUp) => return,
        Some(Carrying::Ended) => {}
        None => {
            tracing::error!(response.id = %id, "the task of a run panicked");
            let failure = Failure {
                kind: FailureKind::Internal,
                message: "The server failed while it made the answer.".to_owned(),
            };
            if let Err(error) = close::fail(commands, id, failure).await {
                tracing::error!(response.id = %id, error = %error, "a run could not be ended");
            }
        }
    }
    if let Err(error) = commands.runner.secrets.forget(id).await {
        tracing::warn!(response.id = %id, error = %error, "the keys of a run could not be forgotten");
    }
}

/// Writes a stream down before anyone reads it.
struct Writing {
    commands: Commands,
    id: ResponseId,
    epoch: u32,
    channel: Arc<RunChannel>,
}

impl Writing {
    /// Writes while the run is driven, and what is left when it has ended.
    ///
    /// Both go on to their own end. One that is left standing where it waits for the database would
    /// keep a connection that was meant for it, and enough of them would keep all there are.
    async fn beside(
        self,
        driving: impl Future<Output = Carrying>,
        bell: &Notify,
        signals: &Signals,
    ) -> Option<Carrying> {
        let over = CancellationToken::new();
        let driving = async {
            let carried = AssertUnwindSafe(driving).catch_unwind().await;
            over.cancel();
            carried.ok()
        };
        let writing = self.keep_writing(bell, signals, &over);
        let (carried, ()) = futures::join!(driving, writing);
        carried
    }

    /// Writes whatever is told, until nothing more will be, or somebody else carries the run.
    async fn keep_writing(&self, bell: &Notify, signals: &Signals, over: &CancellationToken) {
        let mut last = false;
        loop {
            if !self.write_held().await {
                signals.ended_elsewhere.cancel();
                return;
            }
            if last {
                return;
            }
            tokio::select! {
                () = bell.notified() => {}
                () = over.cancelled() => last = true,
            }
        }
    }

    /// Writes what is held; answers whether this process may still tell the run.
    async fn write_held(&self) -> bool {
        let mut pause = Duration::from_millis(50);
        while let Some((first, events)) = self.channel.held() {
            let log = &self.commands.runner.stream_log;
            match log.append(&self.id, self.epoch, first, &events).await {
                Ok(Some(written)) => self.channel.release(written.min(events.len())),
                Ok(None) => return false,
                Err(error) if pause >= PAUSE_MAX => {
                    tracing::warn!(response.id = %self.id, error = %error,
                        "a stream could not be written down");
                    return true;
                }
                Err(_) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        true
    }
}
