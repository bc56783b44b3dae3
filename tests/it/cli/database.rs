//! How commands come to a database.

use jan_tests::scripted_model::ScriptedModel;

use super::Desk;
use super::server::Server;

#[test]
fn a_command_that_reads_makes_no_database() {
    let desk = Desk::new().with_embedded_database();
    let said = desk.run(&["events", "tail"]);
    assert!(
        said.complaint(1)
            .starts_with("there is no database in .jan yet: ")
    );
    assert!(!desk.directory.join(".jan").exists());
}

#[test]
fn a_database_that_is_away_is_named() {
    let desk = Desk::new()
        .with("DATABASE_URL", "postgres://jan:TopSecret@127.0.0.1:9/jan")
        .with("JAN_DATABASE_STARTUP_WAIT", "300ms");
    for arguments in [
        &["projections", "list"][..],
        &["migrate"],
        &["serve", "--port", "0"],
    ] {
        let said = desk.run(arguments);
        assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
        let last = said.err.lines().last().unwrap();
        let expected = "jan-server: the database at 127.0.0.1:9/jan cannot be reached: ";
        assert!(last.starts_with(expected), "{last}");
        assert!(!said.err.contains("TopSecret"));
    }
}

#[test]
fn migrating_tells_what_ran_and_runs_nothing_twice() {
    let desk = Desk::new().with_embedded_database();
    let first = desk.run(&["migrate"]);
    let ran: Vec<_> = first
        .answer()
        .lines()
        .filter(|line| line.starts_with("ran "))
        .collect();
    assert!(ran[0].contains("_create_events in "), "{ran:?}");
    let summary = format!("The schema is up to date: {} migrations ran.", ran.len());
    assert_eq!(first.out.lines().last(), Some(summary.as_str()));
    let second = desk.run(&["migrate"]);
    assert_eq!(second.answer(), "The schema was up to date: nothing ran.\n");

    // The embedded database is started for the command and stopped after it.
    assert_eq!(desk.run(&["events", "tail"]).answer(), "");
    assert!(
        desk.run(&["projections", "list"])
            .answer()
            .contains("No server has run")
    );
    assert!(!desk.directory.join(".jan/postgres/postmaster.pid").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_reads_beside_a_running_server() {
    let model = ScriptedModel::start().await;
    let desk = Desk::new()
        .with_embedded_database()
        .with("JAN_DEFAULT_NODE_URL", model.base_url());
    let mut server = Server::start(&desk);
    let said = desk.run(&["projections", "list"]);
    assert!(said.answer().contains("node_"), "{}", said.out);
    let said = desk.run(&["doctor", "--set", "server.port=0"]);
    assert!(
        said.answer().contains("our own Postgres runs"),
        "{}",
        said.out
    );
    assert!(server.lives(), "{}", server.log());
}
