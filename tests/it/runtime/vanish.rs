//! A server that is gone from one moment to the next takes its children along.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use jan_tests::process::program_called;

use super::{ScratchDir, assert_ends, exists, pid_of, settings, wheels_dir};

#[test]
fn a_server_that_is_killed_leaves_no_postgres_behind() {
    let dir = ScratchDir::new();
    let mut server = Command::new(program_called("doomed-server"))
        .args([&dir.0, &wheels_dir()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let pid: u32 = lines.next().unwrap().unwrap().parse().unwrap();
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
