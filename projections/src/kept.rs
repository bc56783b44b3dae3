use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::time::Instant;

/// Pools of at least this many connections can spare some for good.
const ROOMY: u32 = 12;
/// A connection unused for longer may have been cut by something in between.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// A connection that stays with its user between two statements.
///
/// A pool pings every connection it gets back and hands out another one next time, whose session
/// knows nothing yet of the statement: together that costs as much as a small statement itself.
pub(crate) struct Kept {
    pool: PgPool,
    connection: Option<(PoolConnection<Postgres>, Instant)>,
}

impl Kept {
    pub(crate) fn of(pool: PgPool) -> Self {
        Self {
            pool,
            connection: None,
        }
    }

    /// The connection, for one piece of work. If the work fails, drop it: the pool finds out what
    /// is left of it.
    pub(crate) async fn take(&mut self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        match self.connection.take() {
            Some((kept, since)) if since.elapsed() < FRESH_FOR => Ok(kept),
            _ => self.pool.acquire().await,
        }
    }

    /// Keeps it for the next time, unless others might have to wait for it.
    pub(crate) fn put_back(&mut self, connection: PoolConnection<Postgres>) {
        let roomy = self.pool.options().get_max_connections() >= ROOMY;
        self.connection = roomy.then(|| (connection, Instant::now()));
    }

    /// Gives it back to the pool.
    pub(crate) fn rest(&mut self) {
        self.connection = None;
    }
}
