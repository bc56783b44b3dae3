//! Closing calls that were left without an ending: their client went away, or the end could not be
//! recorded when it came.

use std::time::Duration;

use jan_domain::response::{Failure, FailureKind, ResponseError, Usage};

use super::{Intent, OpenRun};
use crate::CommandError;

/// Tries to close one call, with growing pauses between them: about ten minutes in all. What is
/// still open then is closed after the next start.
const ATTEMPTS_MAX: u32 = 24;
/// Longest pause between two tries.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Closes a run. It is left only when its stream has an ending, or never got its intent.
pub(super) async fn close(mut run: OpenRun) {
    // Nobody answers this call any more.
    run.run().permit = None;
    for attempt in 0..ATTEMPTS_MAX {
        match settle(&mut run).await {
            Ok(()) => break,
            Err(error) if attempt + 1 == ATTEMPTS_MAX => {
                let id = run.run().id.clone();
                tracing::error!(response.id = %id, error = %error,
                    "a call could not be closed; the next start will do it");
            }
            Err(error) => {
                let id = run.run().id.clone();
                tracing::warn!(response.id = %id, error = %error,
                    "a call could not be closed yet");
                tokio::time::sleep(PAUSE_MAX.min(Duration::from_secs(1 << attempt.min(5)))).await;
            }
        }
    }
    if let Some(run) = run.give_up() {
        let timing = run.timing();
        run.commands
            .metrics
            .ended("unattended", &run.model, timing, Usage::default());
    }
}

async fn settle(run: &mut OpenRun) -> Result<(), CommandError<ResponseError>> {
    if let Some(ticket) = run.run().ending.take()
        && ticket.await.is_ok()
    {
        return Ok(());
    }
    // An error here is the intent's own; what became of it is looked up below.
    let recorded = run.recorded().await.is_ok();
    if !recorded || matches!(run.run().intent, Intent::Lost) {
        let known = run.run();
        known.loaded = known.commands.responses.load(known.id.as_str()).await?;
        if !known.is_on_record() {
            return Ok(());
        }
        known.intent = Intent::Recorded;
        known.was_answered = true;
    }
    let closed = if run.run().was_answered {
        let message = "The answer could not be recorded.".to_owned();
        run.fail(Failure {
            kind: FailureKind::Internal,
            message,
        })
        .await
    } else {
        run.interrupt().await
    };
    match closed {
        Err(CommandError::Refused(ResponseError::AlreadyClosed)) => Ok(()),
        other => other,
    }
}
