//! A build outlives whoever carries it.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use jan_projections::{ReadModel, Status};
use jan_tests::process::program;
use jan_tests::synthetic::{EVENTS_OF_EACH, write_chats};
use sqlx::{ConnectOptions as _, PgPool};
use tokio::time::{Instant, sleep};

use super::database::database;
use super::log::{Node, folded};
use super::rebuild::{assert_equal, generations, operator};

/// Enough that a build lasts for some pages in each part.
const CHATS: i64 = 2_000;

fn command(pool: &PgPool, arguments: &[&str]) -> Command {
    let mut command = Command::new(program());
    command
        .arg("projections")
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env(
            "DATABASE_URL",
            pool.connect_options().to_url_lossy().to_string(),
        )
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null());
    command
}

/// Starts a build in a process of its own and kills that once some of it is in.
async fn killed_in_the_middle(pool: &PgPool, model: ReadModel) -> i64 {
    let mut child: Child = command(pool, &["rebuild", model.name(), "--shards", "2"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let operator = operator(pool, "looker");
    let until = Instant::now() + Duration::from_mins(1);
    let done = loop {
        assert!(Instant::now() < until, "nothing is built");
        let progress = operator.progress(model).await.unwrap();
        let done = progress.map_or(0, |progress| progress.events_done);
        if done > 0 {
            break done;
        }
        sleep(Duration::from_millis(2)).await;
    };
    child.kill().unwrap();
    child.wait().unwrap();
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_goes_on_with_the_same_command_after_kill_9() {
    let (pool, _database) = database().await;
    write_chats(&pool, 0, CHATS).await.unwrap();
    let model = ReadModel::Responses;
    found(&pool, model).await;
    let done = killed_in_the_middle(&pool, model).await;
    let total = 2 * CHATS * jan_tests::synthetic::EXCHANGES;
    assert!(
        (1..total).contains(&done),
        "{done} of {total} events were in"
    );
    assert_eq!(generations(&pool, model).await[1], (2, Status::Building));

    let output = command(&pool, &["rebuild", model.name()]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, "Generation 2 of responses is live.\n", "{told}");
    assert!(told.contains("responses: "), "{told}");
    let output = command(&pool, &["verify", model.name()]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let sum = format!("responses: {} rows", total / 2);
    assert!(said.contains(&sum), "{said}");
}

/// A live generation that has not begun yet, as a server leaves it that dies at its first step.
async fn found(pool: &PgPool, model: ReadModel) {
    let sql = r"
        insert into projections (name, generation, status, version)
        values ($1, 1, 'live', 1)";
    sqlx::query(sql)
        .bind(model.name())
        .execute(pool)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_whose_process_died_is_gone_on_with_by_a_server() {
    let (pool, _database) = database().await;
    write_chats(&pool, 0, CHATS).await.unwrap();
    let model = ReadModel::Conversations;
    found(&pool, model).await;
    killed_in_the_middle(&pool, model).await;
    let node = Node::start(&pool, "heir");
    let until = Instant::now() + Duration::from_mins(2);
    while generations(&pool, model).await.last() != Some(&(2, Status::Live)) {
        assert!(Instant::now() < until, "nobody goes on with the build");
        sleep(Duration::from_millis(50)).await;
    }
    node.settle().await;
    let statuses = operator(&pool, "looker").list().await.unwrap();
    let live = statuses
        .iter()
        .find(|row| row.name == model.name() && row.status == Status::Live);
    assert_eq!(live.unwrap().event_count, CHATS * EVENTS_OF_EACH);
    assert_equal(
        &operator(&pool, "operator")
            .verify(model, None)
            .await
            .unwrap(),
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_the_difference_and_leaves_nothing() {
    let (pool, _database) = database().await;
    write_chats(&pool, 0, 10).await.unwrap();
    folded(&pool).await;
    let run = |arguments: &[&str]| {
        let output = command(&pool, arguments).output().unwrap();
        let code = output.status.code();
        (code, String::from_utf8(output.stdout).unwrap())
    };
    let dry = ["rebuild", "usage", "--dry-run", "--diff"];
    let (code, said) = run(&dry);
    assert_eq!(code, Some(0), "{said}");
    let sql = "update usage set requests = requests + 1 where account_id = 'user_synthetic3' and model = 'model-2'";
    sqlx::query(sql).execute(&pool).await.unwrap();
    let (code, said) = run(&dry);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("requests is 2, should be 1"), "{said}");
    assert_eq!(run(&["verify", "usage"]), (Some(1), said));
    assert_eq!(
        generations(&pool, ReadModel::Usage).await,
        [(1, Status::Live)]
    );
    assert!(super::rebuild::schemas(&pool).await.is_empty());
    let (code, _) = run(&["verify", "nonsense"]);
    assert_eq!(code, Some(2));
}
