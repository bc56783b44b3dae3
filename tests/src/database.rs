//! A real Postgres for every test: one cluster per process, one template with the schema, and one
//! database per test, copied from the template in a few milliseconds.
//!
//! `TEST_DATABASE_URL` names a cluster to use. Without it a throw-away one of our own is started by
//! the first test that needs it. It ends with this process, however that goes, and its directory is
//! then removed: libtest has no moment for cleaning up, so a shell waits for our end instead.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context as _;
use jan_infra::database::MIGRATOR;
use jan_infra::runtime::{EmbeddedPostgres, RuntimeSettings};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, PgConnection, PgPool};
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Sessions of our own cluster, enough for one small pool per test thread of a large machine.
const SESSIONS_MAX: u32 = 600;
/// Taken while the template is made: several test processes may share a cluster.
const TEMPLATE_LOCK: i64 = 7_465_737_473;
/// Waits for the end of its input, which only we hold open, then for Postgres, then sweeps up.
const BROOM: &str = r#"while read -r _; do :; done
tries=0
while [ -e "$1/postgres/postmaster.pid" ] && [ $tries -lt 300 ]; do sleep 0.1; tries=$((tries+1)); done
rm -rf "$1""#;

/// The runtime of everything that outlives a single request: clusters, applications, scripted
/// models. Tests have runtimes of their own, so a blocked or ended test stops nothing of these.
pub fn ground() -> &'static Runtime {
    static GROUND: OnceLock<Runtime> = OnceLock::new();
    GROUND.get_or_init(|| {
        let built = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("ground")
            .enable_all()
            .build();
        built.expect("threads can be started")
    })
}

/// A database with the whole schema and nothing in it. It is dropped with this.
#[derive(Debug)]
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    /// Copies the template.
    ///
    /// # Panics
    ///
    /// If there is no Postgres, with the reason.
    pub async fn fresh() -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("jan_test_{}_{number}", std::process::id());
        let made = ground().spawn(async move {
            let cluster = cluster().await;
            cluster.copy_template(&name).await?;
            anyhow::Ok(Self { cluster, name })
        });
        let made = made.await.expect("making a database does not panic");
        made.expect("a database for this test")
    }

    /// How it is reached.
    pub fn options(&self) -> PgConnectOptions {
        self.cluster.server.clone().database(&self.name)
    }

    /// A pool on it, for tests without an application.
    ///
    /// # Panics
    ///
    /// If no connection can be opened.
    pub async fn pool(&self, connections_max: u32) -> PgPool {
        let pool = PgPoolOptions::new().max_connections(connections_max);
        let connected = pool.connect_with(self.options()).await;
        connected.expect("a connection to this test's database")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (cluster, name) = (self.cluster, std::mem::take(&mut self.name));
        // Nobody waits: what is left when the process ends goes with our own cluster.
        ground().spawn(async move {
            let sql = format!("drop database if exists {name} with (force)");
            if let Err(error) = cluster.run(&sql).await {
                eprintln!("the database {name} stays behind: {error:#}");
            }
        });
    }
}

/// A running Postgres and the name of the template in it.
#[derive(Debug)]
struct Cluster {
    server: PgConnectOptions,
    template: String,
    /// Held until the process ends, which is what ends them.
    _own: Option<(EmbeddedPostgres, Child)>,
}

async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    let started = CLUSTER.get_or_try_init(Cluster::start).await;
    started.expect("a Postgres for the tests")
}

impl Cluster {
    async fn start() -> anyhow::Result<Self> {
        let (server, own) = match told_url() {
            Some(url) => (url.parse().context("TEST_DATABASE_URL is no URL")?, None),
            None => start_own().await?,
        };
        let cluster = Self {
            server: PgConnectOptions::disable_statement_logging(server),
            template: template_name(),
            _own: own,
        };
        cluster.make_template().await?;
        Ok(cluster)
    }

    async fn session(&self, database: &str) -> anyhow::Result<PgConnection> {
        let options = self.server.clone().database(database);
        let session = PgConnection::connect_with(&options).await;
        session.with_context(|| format!("cannot connect to the database {database}"))
    }

    async fn run(&self, sql: &str) -> anyhow::Result<()> {
        let mut session = self.session("postgres").await?;
        session.execute(sql).await?;
        Ok(session.close().await?)
    }

    async fn copy_template(&self, name: &str) -> anyhow::Result<()> {
        let template = &self.template;
        let sql = format!("create database {name} template {template}");
        self.run(&sql).await
    }

    /// Makes the template unless it is there: under another name first, so that it is there whole
    /// or not at all.
    async fn make_template(&self) -> anyhow::Result<()> {
        let mut session = self.session("postgres").await?;
        sqlx::query("select pg_advisory_lock($1)")
            .bind(TEMPLATE_LOCK)
            .execute(&mut session)
            .await?;
        let known: bool =
            sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
                .bind(&self.template)
                .fetch_one(&mut session)
                .await?;
        if !known {
            let template = &self.template;
            let draft = format!("{template}_draft");
            for sql in [
                format!("drop database if exists {draft} with (force)"),
                format!("create database {draft}"),
            ] {
                session.execute(sql.as_str()).await?;
            }
            let mut migrated = self.session(&draft).await?;
            MIGRATOR.run_direct(&mut migrated).await?;
            migrated.close().await?;
            let sql = format!("alter database {draft} rename to {template}");
            session.execute(sql.as_str()).await?;
        }
        Ok(session.close().await?)
    }
}

/// The same migrations have the same template.
fn template_name() -> String {
    let mut hash = DefaultHasher::new();
    for migration in MIGRATOR.iter() {
        migration.checksum.hash(&mut hash);
    }
    format!("jan_template_{:016x}", hash.finish())
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no configuration; this is theirs"
)]
fn told_url() -> Option<String> {
    std::env::var("TEST_DATABASE_URL").ok()
}

type Own = (PgConnectOptions, Option<(EmbeddedPostgres, Child)>);

async fn start_own() -> anyhow::Result<Own> {
    let directory = std::env::temp_dir().join(format!("jan-tests-{}", std::process::id()));
    std::fs::create_dir_all(&directory)?;
    let broom = broom(&directory).context("cannot start a shell")?;
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let mut settings = RuntimeSettings::new(&directory, search_path).throw_away();
    settings.wheels_dir = wheels_directory();
    settings.postgres.connections_max = SESSIONS_MAX;
    let (tracker, never) = (TaskTracker::new(), CancellationToken::new());
    let postgres = EmbeddedPostgres::start(&settings, &tracker, &never).await?;
    let server = postgres.connect_options();
    Ok((server, Some((postgres, broom))))
}

/// Where `make setup` puts the wheels; without them a Postgres of the machine is used.
fn wheels_directory() -> PathBuf {
    let set_up = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.jan/runtime");
    std::env::var_os("JAN_TEST_RUNTIME_DIR").map_or_else(set_up, PathBuf::from)
}

fn broom(directory: &Path) -> std::io::Result<Child> {
    Command::new("/bin/sh")
        .args(["-c", BROOM, "jan-tests-broom"])
        .arg(directory)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}
