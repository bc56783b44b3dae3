use std::sync::Arc;
use std::time::Duration;

use jan_domain::id::ResponseId;
use jan_domain::metadata::Metadata;
use jan_domain::ports::OpenResponses;
use jan_domain::response::{
    Failure, FailureKind, Response, ResponseCommand, ResponseError, Timing,
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::node_lease::living;
use crate::{CommandError, Commands};

/// Calls closed in one look.
const LOOK_MOST: u32 = 500;

/// Closes abandoned calls, with a `pause` between two looks, until told to stop.
pub async fn keep_closing_abandoned(
    commands: Commands,
    pool: PgPool,
    open: Arc<dyn OpenResponses>,
    pause: Duration,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        match close_abandoned(&commands, &pool, open.as_ref()).await {
            Ok(0) => {}
            Ok(closed) => tracing::warn!(closed, "closed calls whose process is gone"),
            Err(error) => tracing::warn!(error = %error, "could not look for abandoned calls"),
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Fails every open call whose process is gone, and answers how many there were. A chat call cannot
/// be taken up again: its client went with its process.
pub async fn close_abandoned(
    commands: &Commands,
    pool: &PgPool,
    open: &dyn OpenResponses,
) -> Result<usize, RecoveryError> {
    let mut living = living(pool).await?;
    // While the database was away, nobody could show signs; but this process lives.
    living.push(commands.node.clone());
    let abandoned = open.abandoned(&living, LOOK_MOST).await?;
    let mut closed = 0;
    for response in &abandoned {
        match close(commands, response).await {
            Ok(was_open) => closed += usize::from(was_open),
            // One call that cannot be closed must not keep the others open.
            Err(error) => {
                tracing::error!(response.id = %response, error = %error,
                    "an abandoned call could not be closed");
            }
        }
    }
    Ok(closed)
}

async fn close(commands: &Commands, id: &ResponseId) -> Result<bool, RecoveryError> {
    let loaded = commands.responses.load(id.as_str()).await?;
    let Response::Open(call) = &loaded.state else {
        return Ok(false);
    };
    let at = commands.clock.now();
    let elapsed = (at - call.requested_at).num_milliseconds();
    let total_ms = u64::try_from(elapsed).unwrap_or_default();
    let command = ResponseCommand::Fail {
        failure: Failure {
            kind: FailureKind::NodeLost,
            message: "The server stopped before the answer was complete.".to_owned(),
        },
        partial: None,
        timing: Timing {
            first_token_ms: 0,
            total_ms,
        },
        at,
    };
    let metadata = Metadata::of_system(&call.owner, "recovery");
    match commands
        .responses
        .execute_on(loaded, command, &metadata)
        .await
    {
        Ok(_) => Ok(true),
        // Its process was quicker after all.
        Err(CommandError::Conflict | CommandError::Refused(ResponseError::AlreadyClosed)) => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Why a look did not succeed; the next one may.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// The lease table could not be read.
    #[error("the node leases could not be read")]
    Leases(#[from] sqlx::Error),
    /// The hint could not be read.
    #[error(transparent)]
    Hint(#[from] jan_domain::ports::ReadFailure),
    /// A call could not be closed.
    #[error(transparent)]
    Command(#[from] CommandError<ResponseError>),
}
