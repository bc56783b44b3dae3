//! `jan-server serve`: how it refuses to start, and how it ends.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use jan_tests::process::signal;
use jan_tests::remote::Remote;
use jan_tests::scripted_model::ScriptedModel;

use super::Desk;
use super::server::{Server, processes};

/// An idle server has nothing to wait for.
const STOP_MAX: Duration = Duration::from_secs(5);

async fn desk() -> (Desk, ScriptedModel) {
    let model = ScriptedModel::start().await;
    let desk = Desk::new()
        .with_embedded_database()
        .with("JAN_DEFAULT_NODE_URL", model.base_url());
    (desk, model)
}

#[track_caller]
fn assert_gone(children: &[(u32, String)]) {
    let deadline = Instant::now() + STOP_MAX;
    let is_left = |(id, name): &&(u32, String)| {
        let mut processes = processes().into_iter();
        processes.any(|process| process.id == *id && process.name == *name)
    };
    while let Some((id, name)) = children.iter().find(is_left) {
        assert!(Instant::now() < deadline, "{name} (process {id}) is left");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_leaves_nothing_behind() {
    let (desk, _model) = desk().await;
    let mut server = Server::start(&desk);
    let remote = Remote::to(&format!("http://127.0.0.1:{}", server.port));
    remote.guest().await;
    let children = server.children();
    assert!(
        children.iter().any(|(_, name)| name == "postgres"),
        "{children:?}"
    );
    server.tell("TERM");
    let (status, took) = server.ended();
    assert!(
        status.success() && took < STOP_MAX,
        "{status} after {took:?}"
    );
    assert_gone(&children);
    assert!(!desk.directory.join(".jan/postgres/postmaster.pid").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_ctrl_c_ends_all_at_once() {
    let (desk, _model) = desk().await;
    let mut server = Server::start(&desk);
    let children = server.children();
    // A request that never ends, which a first Ctrl-C would wait for.
    let mut half = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    half.write_all(b"POST /auth/guest HTTP/1.1\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    server.tell("INT");
    std::thread::sleep(Duration::from_millis(500));
    assert!(server.lives(), "the first one lets requests end");
    server.tell("INT");
    let (status, took) = server.ended();
    assert_eq!(status.code(), Some(130));
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_gone(&children);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_directory_is_refused() {
    let (desk, _model) = desk().await;
    let first = Server::start(&desk);
    let said = desk.run(&["serve", "--port", "0"]);
    let (lines, sentence) = said
        .err
        .trim_end()
        .rsplit_once('\n')
        .unwrap_or(("", &said.err));
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{lines}");
    let holder = format!("is in use by process {}: stop that server", first.id());
    assert!(sentence.contains(&holder), "{sentence}");
    drop(first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named_before_anything_is_started() {
    let (desk, _model) = desk().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let said = desk.run(&["serve", "--port", &address.port().to_string()]);
    let complaint = said.complaint(1);
    assert!(
        complaint.starts_with(&format!("cannot listen on {address} (")),
        "{complaint}"
    );
    assert!(complaint.contains("--port"), "{complaint}");
    assert!(!desk.directory.join(".jan").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_outlives_the_reader_of_its_words() {
    let (desk, _model) = desk().await;
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = desk.command(&["serve", "--port", &free.port().to_string()]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    log.read_line(&mut first).unwrap();
    drop(log);
    let remote = Remote::to(&format!("http://{free}"));
    let deadline = Instant::now() + Duration::from_mins(1);
    while remote.get("/readyz").await.is_err() {
        assert!(child.try_wait().unwrap().is_none() && Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    remote.guest().await;
    signal("TERM", child.id());
    assert!(child.wait().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_still_starting_stops_when_told_to() {
    let (desk, _model) = desk().await;
    let mut child = desk
        .command(&["serve", "--port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // By now it makes its database, which takes longer than this.
    let deadline = Instant::now() + Duration::from_secs(30);
    while !desk.directory.join(".jan").exists() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(1));
    }
    let asked = Instant::now();
    signal("TERM", child.id());
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < STOP_MAX, "{:?}", asked.elapsed());
}
