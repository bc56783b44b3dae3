use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Executor, PgPool};

static CREATED: AtomicUsize = AtomicUsize::new(0);

/// A pool on a fresh database with every migration applied.
pub(super) async fn database() -> PgPool {
    let url = std::env::var("TEST_DATABASE_URL").expect("TEST_DATABASE_URL names a server");
    let server: PgConnectOptions = url.parse().expect("TEST_DATABASE_URL is a Postgres URL");
    let number = CREATED.fetch_add(1, Ordering::Relaxed);
    let name = format!("projections_{}_{number}", std::process::id());
    let mut admin = server.connect().await.unwrap();
    admin
        .execute(format!("create database {name}").as_str())
        .await
        .unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(24)
        .connect_with(server.database(&name))
        .await
        .unwrap();
    sqlx::migrate!("../migrations").run(&pool).await.unwrap();
    pool
}
