use std::time::Duration;

use sqlx::postgres::PgPool;
use tokio::time::{sleep, timeout};

/// How long connections in use are waited for; whoever has one then loses it with the database.
const CLOSE_MAX: Duration = Duration::from_secs(5);
/// Pause between two looks.
const GLANCE: Duration = Duration::from_millis(5);

/// Closes every connection and waits until all are closed.
///
/// One call of sqlx's own `close` can return early: it gives back a permit too many for each idle
/// connection, and with that waits for one connection less that is still in use. A database that
/// is stopped then has a session left, which complains.
pub async fn close(pool: &PgPool) {
    let closing = async {
        loop {
            pool.close().await;
            if pool.size() == 0 {
                return;
            }
            sleep(GLANCE).await;
        }
    };
    if timeout(CLOSE_MAX, closing).await.is_err() {
        tracing::warn!("some connections to the database are still in use");
    }
}
