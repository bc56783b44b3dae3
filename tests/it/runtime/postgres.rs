//! The supervised Postgres and what can go wrong with it.

use std::os::unix::fs::PermissionsExt as _;

use jan_infra::runtime::{EmbeddedPostgres, RuntimeError, RuntimeSettings};
use sqlx::{Connection as _, PgConnection};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{ScratchDir, assert_ends, cut_leash_of, exists, kill_9, pid_of, pid_other_than};

pub(super) async fn start(settings: &RuntimeSettings) -> Result<EmbeddedPostgres, RuntimeError> {
    EmbeddedPostgres::start(settings, &TaskTracker::new(), &CancellationToken::new()).await
}

async fn session(postgres: &EmbeddedPostgres) -> PgConnection {
    PgConnection::connect_with(&postgres.connect_options())
        .await
        .unwrap()
}

pub(super) async fn write(postgres: &EmbeddedPostgres, word: &str) {
    let mut session = session(postgres).await;
    sqlx::query("create table if not exists kept (word text)")
        .execute(&mut session)
        .await
        .unwrap();
    sqlx::query("insert into kept values ($1)")
        .bind(word)
        .execute(&mut session)
        .await
        .unwrap();
}

pub(super) async fn words(postgres: &EmbeddedPostgres) -> Vec<String> {
    let mut session = session(postgres).await;
    sqlx::query_scalar("select word from kept order by word")
        .fetch_all(&mut session)
        .await
        .unwrap()
}

async fn show(postgres: &EmbeddedPostgres, parameter: &str) -> String {
    let mut session = session(postgres).await;
    sqlx::query_scalar(&format!("show {parameter}"))
        .fetch_one(&mut session)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_was_written_is_there_after_a_stop_and_a_start() {
    let dir = ScratchDir::new();
    let postgres = start(&dir.settings()).await.unwrap();
    write(&postgres, "first").await;
    postgres.stop().await;
    assert!(
        !dir.0.join("postgres/postmaster.pid").exists(),
        "the stop was not clean"
    );

    let postgres = start(&dir.settings()).await.unwrap();
    write(&postgres, "second").await;
    assert_eq!(words(&postgres).await, ["first", "second"]);
    postgres.stop().await;
}

#[tokio::test]
async fn the_url_reaches_the_same_database() {
    let dir = ScratchDir::new();
    let postgres = start(&dir.settings()).await.unwrap();
    write(&postgres, "here").await;
    let mut session = PgConnection::connect(&postgres.url()).await.unwrap();
    let word: String = sqlx::query_scalar("select word from kept")
        .fetch_one(&mut session)
        .await
        .unwrap();
    assert_eq!(word, "here");
    postgres.stop().await;
}

#[tokio::test]
async fn only_a_throw_away_cluster_gives_up_durability() {
    let dir = ScratchDir::new();
    let postgres = start(&dir.settings()).await.unwrap();
    assert_eq!(show(&postgres, "fsync").await, "off");
    postgres.stop().await;

    let mut settings = dir.settings();
    settings.postgres = RuntimeSettings::new(&dir.0, "").postgres;
    let postgres = start(&settings).await.unwrap();
    assert_eq!(show(&postgres, "fsync").await, "on");
    assert_eq!(show(&postgres, "synchronous_commit").await, "on");
    assert_eq!(show(&postgres, "listen_addresses").await, "");
    postgres.stop().await;
}

#[tokio::test]
async fn a_killed_postgres_comes_back_with_its_data() {
    let dir = ScratchDir::new();
    let postgres = start(&dir.settings()).await.unwrap();
    write(&postgres, "kept").await;
    let killed = pid_of(&postgres.state());
    kill_9(killed);
    let reborn = pid_other_than(killed, postgres.state()).await;
    assert_ne!(killed, reborn);
    assert_eq!(words(&postgres).await, ["kept"]);
    postgres.stop().await;
}

#[test]
fn a_postgres_that_outlived_its_server_is_replaced() {
    let dir = ScratchDir::new();
    let first_server = tokio::runtime::Runtime::new().unwrap();
    let postgres = first_server.block_on(async {
        let postgres = start(&dir.settings()).await.unwrap();
        write(&postgres, "kept").await;
        postgres
    });
    let orphan = pid_of(&postgres.state());
    cut_leash_of(orphan);
    drop(first_server);
    assert!(
        exists(orphan),
        "nothing was left behind, so this shows nothing"
    );

    let next_server = tokio::runtime::Runtime::new().unwrap();
    next_server.block_on(async {
        let postgres = start(&dir.settings()).await.unwrap();
        assert_ne!(pid_of(&postgres.state()), orphan);
        assert_ends(orphan);
        assert_eq!(words(&postgres).await, ["kept"]);
        postgres.stop().await;
    });
}

#[tokio::test]
async fn a_lock_file_that_names_no_postgres_does_not_bar_the_start() {
    let dir = ScratchDir::new();
    start(&dir.settings()).await.unwrap().stop().await;
    let lock_file = dir.0.join("postgres/postmaster.pid");
    let cluster = dir.0.join("postgres");
    let stranger = std::process::id();
    let of_a_stranger = format!("{stranger}\n{}\n1\n5432\n", cluster.display());
    for left_behind in [of_a_stranger.as_str(), ""] {
        std::fs::write(&lock_file, left_behind).unwrap();
        start(&dir.settings()).await.unwrap().stop().await;
    }
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_told_who_has_it() {
    let dir = ScratchDir::new();
    let first = start(&dir.settings()).await.unwrap();
    let refusal = start(&dir.settings()).await.unwrap_err();
    let RuntimeError::InUse { holder, .. } = &refusal else {
        panic!("{refusal}")
    };
    assert_eq!(*holder, std::process::id().to_string());
    first.stop().await;

    start(&dir.settings()).await.unwrap().stop().await;
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_still_works() {
    let dir = ScratchDir::new();
    let mut settings = dir.settings();
    settings.data_dir = dir.0.join("d".repeat(100));
    let postgres = start(&settings).await.unwrap();
    let sockets = show(&postgres, "unix_socket_directories").await;
    assert!(sockets.starts_with("/tmp/jan-"), "{sockets}");
    let mode = std::fs::metadata(&sockets).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    postgres.stop().await;
    std::fs::remove_dir_all(sockets).unwrap();
}

#[tokio::test]
async fn a_database_of_another_major_version_is_left_alone() {
    let dir = ScratchDir::new();
    let cluster = dir.0.join("postgres");
    std::fs::create_dir(&cluster).unwrap();
    std::fs::write(cluster.join("PG_VERSION"), "9\n").unwrap();
    let refusal = start(&dir.settings()).await.unwrap_err();
    assert!(
        matches!(refusal, RuntimeError::PostgresVersion { needed: 9, .. }),
        "{refusal}"
    );
}

#[tokio::test]
async fn a_postgres_that_cannot_start_says_why() {
    let dir = ScratchDir::new();
    let mut settings = dir.settings();
    settings.postgres.connections_max = 0;
    let refusal = start(&settings).await.unwrap_err();
    assert!(matches!(refusal, RuntimeError::Ended { .. }), "{refusal}");
    assert!(refusal.to_string().contains("max_connections"), "{refusal}");
}

#[tokio::test]
async fn without_any_postgres_the_reader_is_told_what_to_do() {
    let dir = ScratchDir::new();
    let mut settings = dir.settings();
    settings.postgres.bin_dir = Some(dir.0.join("nowhere"));
    let refusal = start(&settings).await.unwrap_err();
    assert!(
        matches!(refusal, RuntimeError::PostgresMissing),
        "{refusal}"
    );
    assert!(refusal.to_string().contains("make setup"), "{refusal}");
}
