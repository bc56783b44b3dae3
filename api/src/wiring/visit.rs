use jan_infra::config::Config;
use jan_infra::database::{self, ConnectOptions, DatabaseError, Pool};
use jan_infra::runtime::{EmbeddedPostgres, RuntimeError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections that one command needs at most.
const CONNECTIONS_MAX: u32 = 4;

/// A stay at the database for the length of one command: at the configured one, at the one that a
/// server on this data directory runs, or at the embedded one, started for the purpose.
#[derive(Default)]
pub struct DatabaseVisit {
    tracker: TaskTracker,
    stop: CancellationToken,
    pool: Option<Pool>,
    own: Option<EmbeddedPostgres>,
}

/// Why a command gets to no database.
#[derive(Debug, thiserror::Error)]
pub enum VisitError {
    /// The embedded one.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// Any one.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// There is nothing to read, and a command that reads makes nothing.
    #[error(
        "there is no database in {dir} yet: `jan-server serve` makes one, or name another data \
         directory (--data-dir) or database (DATABASE_URL)"
    )]
    NothingThere {
        /// The data directory.
        dir: String,
    },
}

impl DatabaseVisit {
    /// Opens a database that is there and whose schema is this program's.
    pub async fn read(&mut self, config: &Config) -> Result<Pool, VisitError> {
        if config.database.url.is_none() && !EmbeddedPostgres::exists(&config.runtime) {
            let dir = config.runtime.data_dir.display().to_string();
            return Err(VisitError::NothingThere { dir });
        }
        let pool = self.open(config).await?;
        database::require_schema(&pool).await?;
        Ok(pool)
    }

    /// Opens a database whatever its schema is; the embedded one is made if need be.
    pub async fn open(&mut self, config: &Config) -> Result<Pool, VisitError> {
        let target = match &config.database.url {
            Some(url) => url.connect_options(),
            None => self.embedded(config).await?,
        };
        let mut settings = config.database.clone();
        settings.connections_max = settings.connections_max.min(CONNECTIONS_MAX);
        let pool = database::connect(&settings, target).await?;
        Ok(self.pool.insert(pool).clone())
    }

    /// Closes the connections and ends what was started for the visit.
    pub async fn leave(self) {
        if let Some(pool) = self.pool {
            database::close(&pool).await;
        }
        if let Some(own) = self.own {
            own.stop().await;
        }
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }

    async fn embedded(&mut self, config: &Config) -> Result<ConnectOptions, RuntimeError> {
        match EmbeddedPostgres::start(&config.runtime, &self.tracker, &self.stop).await {
            Ok(own) => Ok(self.own.insert(own).connect_options()),
            Err(RuntimeError::InUse { .. }) => EmbeddedPostgres::beside(&config.runtime).await,
            Err(error) => Err(error),
        }
    }
}
