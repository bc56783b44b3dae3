//! A Postgres of our own: a supervised child on a cluster in the data directory.
//!
//! It listens on a Unix socket only, in a directory that nobody else can enter, so it needs no
//! port and no password. Start reading at [`EmbeddedPostgres::start`].

mod beside;
pub(crate) mod binaries;
pub(crate) mod cluster;
mod directory;
mod orphan;
pub(crate) mod placement;
mod reachable;
mod serve;

use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::binaries::Binaries;
use self::cluster::SUPERUSER;
use self::placement::Placement;
use self::serve::PostgresPlan;
use super::account::Account;
use super::lock::InstanceLock;
use super::supervisor::{ChildState, Supervised};
use super::{RuntimeError, RuntimeSettings, claim_data_dir};

/// The database that `jan-server` uses in the embedded cluster.
const DATABASE: &str = "jan";

/// A running, supervised Postgres with an empty or earlier database `jan`.
///
/// Dropping it stops Postgres in the background; [`stop`](Self::stop) waits for that.
#[derive(Debug)]
#[must_use = "dropping it stops the database"]
pub struct EmbeddedPostgres {
    supervised: Supervised,
    sockets: PathBuf,
    version: String,
}

impl EmbeddedPostgres {
    /// Starts Postgres on `<data_dir>/postgres`, making the cluster and the database if need be,
    /// and returns when it accepts connections.
    ///
    /// The supervising tasks live on `tracker` and on the runtime that calls this. `cancel` stops
    /// Postgres: give a token that is cancelled after the last query, not with the first Ctrl-C.
    pub async fn start(
        settings: &RuntimeSettings,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
    ) -> Result<Self, RuntimeError> {
        let data_dir = claim_data_dir(&settings.data_dir)?;
        let lock = InstanceLock::take(&data_dir, "postgres")?;
        let account = Account::for_cluster(&placement::existing_cluster(&data_dir)).await?;
        let account = account.as_ref();
        let placement = Placement::of(&data_dir, account)?;
        placement.make(&data_dir, account)?;
        let binaries = binaries::choose(settings, &placement.cluster).await?;
        let binaries = reachable::ensure(binaries, account).await?;
        let durable = settings.postgres.durable;
        cluster::ensure(&placement.cluster, &binaries, account, durable).await?;
        log_choice(&binaries, &placement);
        let sockets = placement.sockets.clone();
        let version = binaries.version.clone();
        let settings = settings.postgres.clone();
        let account = account.cloned();
        let plan = PostgresPlan {
            binaries,
            placement,
            account,
            settings,
            _lock: lock,
        };
        let supervised = Supervised::start(plan, tracker, cancel).await?;
        create_database(&sockets).await?;
        Ok(Self {
            supervised,
            sockets,
            version,
        })
    }

    /// How sqlx reaches the database `jan`.
    pub fn connect_options(&self) -> PgConnectOptions {
        options(&self.sockets, DATABASE)
    }

    /// The same as a URL, which libpq and its children (`psql`) understand too.
    pub fn url(&self) -> String {
        let sockets = percent_encoded(&self.sockets);
        format!("postgres://{SUPERUSER}@localhost/{DATABASE}?host={sockets}")
    }

    /// The server's version, such as `18.6`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What Postgres is doing, now and later; a readiness check reads it.
    pub fn state(&self) -> watch::Receiver<ChildState> {
        self.supervised.state()
    }

    /// Shuts Postgres down with a checkpoint and waits until it is gone.
    pub async fn stop(self) {
        self.supervised.stop().await;
    }
}

fn log_choice(binaries: &Binaries, placement: &Placement) {
    tracing::info!(
        "starting Postgres {} ({}) on {}; look inside with: psql -h {} -U {SUPERUSER} {DATABASE}",
        binaries.version,
        binaries.bin_dir.display(),
        placement.cluster.display(),
        placement.sockets.display(),
    );
}

/// Reads no password file: the socket directory is the only guard.
pub(crate) fn options(sockets: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(sockets)
        .port(5432)
        .username(SUPERUSER)
        .database(database)
}

async fn create_database(sockets: &Path) -> Result<(), RuntimeError> {
    let options = options(sockets, "postgres").disable_statement_logging();
    let mut session = PgConnection::connect_with(&options).await?;
    let known: bool =
        sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
            .bind(DATABASE)
            .fetch_one(&mut session)
            .await?;
    if !known {
        sqlx::query(&format!("create database {DATABASE}"))
            .execute(&mut session)
            .await?;
    }
    Ok(session.close().await?)
}

fn percent_encoded(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    bytes
        .map(|byte| match *byte {
            byte if plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
