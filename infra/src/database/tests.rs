//! Against a real Postgres, chosen as the server itself would choose one.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::Row as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::runtime::{EmbeddedPostgres, RuntimeSettings};

struct Cluster {
    postgres: EmbeddedPostgres,
    data_dir: std::path::PathBuf,
}

impl Cluster {
    async fn start() -> Self {
        let data_dir = std::env::temp_dir().join(format!("jan-database-{}", std::process::id()));
        let search_path = std::env::var_os("PATH").unwrap_or_default();
        let mut settings = RuntimeSettings::new(&data_dir, search_path).throw_away();
        settings.wheels_dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.jan/runtime");
        let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
        let postgres = EmbeddedPostgres::start(&settings, &tracker, &cancel);
        let postgres = postgres.await.unwrap();
        Self { postgres, data_dir }
    }

    async fn database(&self, name: &str) -> PgPool {
        let main = PgPool::connect_with(self.postgres.connect_options())
            .await
            .unwrap();
        sqlx::query(&format!("create database {name}"))
            .execute(&main)
            .await
            .unwrap();
        connect(&settings(), self.postgres.connect_options().database(name))
            .await
            .unwrap()
    }

    async fn stop(self) {
        self.postgres.stop().await;
        std::fs::remove_dir_all(self.data_dir).unwrap();
    }
}

fn settings() -> DatabaseSettings {
    DatabaseSettings {
        startup_wait: Duration::from_millis(700),
        ..DatabaseSettings::default()
    }
}

async fn run(pool: &PgPool, sql: &str) {
    sqlx::query(sql).execute(pool).await.unwrap();
}

#[tokio::test]
async fn the_schema_is_brought_up_to_date_or_refused_by_name() {
    let cluster = Cluster::start().await;
    sessions_have_their_limits(&cluster).await;
    migrations_run_once(&cluster).await;
    a_foreign_schema_is_refused(&cluster).await;
    a_database_that_is_not_there_is_refused_at_once(&cluster).await;
    cluster.stop().await;
}

async fn sessions_have_their_limits(cluster: &Cluster) {
    let pool = cluster.database("sessions").await;
    for (setting, expected) in [
        ("application_name", "jan-server"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("statement_timeout", "1min"),
    ] {
        let row = sqlx::query(&format!("show {setting}"))
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(row.get::<String, _>(0), expected, "{setting}");
    }
}

async fn migrations_run_once(cluster: &Cluster) {
    let pool = cluster.database("fresh").await;
    let first = MIGRATOR.iter().next().unwrap().version;
    let refused = require_schema(&pool).await.unwrap_err().to_string();
    assert_eq!(
        refused,
        format!(
            "migration {first}_create_events has not run on this database; run `jan-server migrate`"
        )
    );
    let (one, other, third) = tokio::join!(migrate(&pool), migrate(&pool), migrate(&pool));
    assert!(
        one.is_ok() && other.is_ok() && third.is_ok(),
        "{one:?} {other:?} {third:?}"
    );
    require_schema(&pool).await.unwrap();
    let count: i64 = sqlx::query_scalar("select count(*) from _sqlx_migrations")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(usize::try_from(count).unwrap(), MIGRATOR.iter().count());
}

async fn a_foreign_schema_is_refused(cluster: &Cluster) {
    let pool = cluster.database("foreign_schema").await;
    migrate(&pool).await.unwrap();
    run(
        &pool,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         values (99990101000000, 'tomorrow', true, '', 0)",
    )
    .await;
    for refused in [migrate(&pool).await, require_schema(&pool).await] {
        let DatabaseError::SchemaIsNewer { version } = refused.unwrap_err() else {
            panic!()
        };
        assert_eq!(version, 99_990_101_000_000);
    }
    run(
        &pool,
        "delete from _sqlx_migrations where description = 'tomorrow'",
    )
    .await;
    run(
        &pool,
        "update _sqlx_migrations set checksum = 'x' where description = 'create nodes'",
    )
    .await;
    for refused in [migrate(&pool).await, require_schema(&pool).await] {
        let DatabaseError::MigrationChanged { name } = refused.unwrap_err() else {
            panic!()
        };
        assert!(name.ends_with("_create_nodes"), "{name}");
    }
}

async fn a_database_that_is_not_there_is_refused_at_once(cluster: &Cluster) {
    let nowhere = cluster.postgres.connect_options().database("nowhere");
    let patient = DatabaseSettings {
        startup_wait: Duration::from_hours(1),
        ..settings()
    };
    let refused = connect(&patient, nowhere).await.unwrap_err();
    assert!(
        matches!(refused, DatabaseError::Refused { .. }),
        "{refused:?}"
    );
    assert!(
        refused
            .to_string()
            .ends_with("/nowhere refuses to work with us"),
        "{refused}"
    );
}

/// A Postgres that says for ever that it is starting.
fn starting_postgres() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let tries = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&tries);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            counter.fetch_add(1, Ordering::Relaxed);
            let mut connection = connection.unwrap();
            let mut startup = [0; 8];
            connection.read_exact(&mut startup).unwrap();
            let fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
            let length = u32::try_from(fields.len() + 4).unwrap().to_be_bytes();
            connection
                .write_all(&[b"E", &length[..], fields].concat())
                .unwrap();
        }
    });
    (address, tries)
}

#[tokio::test]
async fn a_database_that_is_starting_is_waited_for_but_not_for_ever() {
    let (address, tries) = starting_postgres();
    let target = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(address.port())
        .ssl_mode(sqlx::postgres::PgSslMode::Disable)
        .username("jan")
        .password("canary")
        .database("jan");
    let began = Instant::now();
    let refused = connect(&settings(), target).await.unwrap_err();
    assert!(
        matches!(refused, DatabaseError::Unreachable { .. }),
        "{refused:?}"
    );
    assert_eq!(
        refused.to_string(),
        format!("the database at {address}/jan cannot be reached")
    );
    assert!(!format!("{refused:?}").contains("canary"));
    assert!(tries.load(Ordering::Relaxed) >= 2);
    assert!(began.elapsed() < Duration::from_secs(20));
}
