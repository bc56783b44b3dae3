//! A server that is gone from one moment to the next takes its children along.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::{ScratchDir, assert_ends, exists, pid_of, settings};

const DATA_DIR: &str = "JAN_TEST_VICTIM_DATA_DIR";
const MARK: &str = "the victim's Postgres is ";

/// Run by the test below in a process of its own, to be killed.
#[tokio::test]
#[ignore = "is the victim of another test"]
async fn victim() {
    let Some(data_dir) = std::env::var_os(DATA_DIR) else {
        return;
    };
    let postgres = super::postgres::start(&settings(&PathBuf::from(data_dir)))
        .await
        .unwrap();
    eprintln!("{MARK}{}", pid_of(&postgres.state()));
    std::future::pending::<()>().await;
}

#[test]
fn a_server_that_is_killed_leaves_no_postgres_behind() {
    let dir = ScratchDir::new();
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            &format!("{module}::victim"),
        ])
        .env(DATA_DIR, &dir.0)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stderr.take().unwrap()).lines();
    let pid = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix(MARK)?.parse().ok());
    let pid: u32 = pid.unwrap();
    assert!(exists(pid));

    server.kill().unwrap();
    server.wait().unwrap();
    assert_ends(pid);
    assert!(
        !dir.0.join("postgres/postmaster.pid").exists(),
        "it did not stop cleanly"
    );
}

#[test]
fn dropping_the_async_runtime_leaves_no_postgres_behind() {
    let dir = ScratchDir::new();
    let server = tokio::runtime::Runtime::new().unwrap();
    let postgres = server
        .block_on(super::postgres::start(&settings(&dir.0)))
        .unwrap();
    let pid = pid_of(&postgres.state());
    drop(server);

    let deadline = std::time::Instant::now() + super::PATIENCE;
    while dir.0.join("postgres/postmaster.pid").exists() {
        assert!(
            std::time::Instant::now() < deadline,
            "Postgres {pid} is still there"
        );
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
