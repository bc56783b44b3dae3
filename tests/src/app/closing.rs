//! Ending an application, and what it may not leave behind.

use anyhow::Context as _;
use jan_api::wiring::Application;
use jan_projections::{Consistency, Freshness, ReadModel, ReadModels, list_projections};
use sqlx::PgPool;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::PATIENCE;

/// A served address.
pub(super) struct Served {
    pub(super) stop: CancellationToken,
    pub(super) ended: JoinHandle<()>,
}

/// Waits until every read model has passed the head of the log.
pub(super) async fn settle(reads: &ReadModels) -> anyhow::Result<()> {
    for model in ReadModel::ALL {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        while reads.barrier.reach(model, Consistency::Strong).await? != Freshness::Fresh {
            let late = tokio::time::Instant::now() > deadline;
            anyhow::ensure!(!late, "the read model {model:?} does not follow");
        }
    }
    Ok(())
}

/// Lets requests end, looks at what is left behind, and stops. The deployment's last node looks.
pub(super) async fn close(
    application: Application,
    served: Vec<Served>,
    look_at: Option<PgPool>,
) -> anyhow::Result<()> {
    for Served { stop, ended } in served {
        stop.cancel();
        ended.await.context("serving")?;
    }
    let requests = application.requests();
    requests.close();
    let ended = timeout(PATIENCE, requests.wait()).await;
    ended.context("requests do not end")?;
    let seen = match look_at {
        Some(pool) => {
            let settled = settle(&application.state.reads).await;
            settled.and(nothing_is_left(&pool).await)
        }
        None => Ok(()),
    };
    let stopped = timeout(PATIENCE, application.stop()).await;
    stopped.context("the application does not stop")?;
    seen
}

async fn nothing_is_left(pool: &PgPool) -> anyhow::Result<()> {
    let sql = r"
        select aggregate_id
          from events
         where aggregate_type = 'response'
         group by aggregate_id
        having not bool_or(event_type = any($1))";
    let endings = [
        "ResponseCompleted",
        "ResponseIncomplete",
        "ResponseFailed",
        "ResponseCancelled",
    ];
    let open: Vec<String> = sqlx::query_scalar(sql)
        .bind(&endings[..])
        .fetch_all(pool)
        .await?;
    anyhow::ensure!(open.is_empty(), "calls without an ending: {open:?}");
    for projection in list_projections(pool).await? {
        let clean = projection.parked_count == 0 && projection.last_error.is_none();
        anyhow::ensure!(clean, "a projection has trouble: {projection:?}");
    }
    Ok(())
}
