//! What was set aside comes back: when it can be folded, or without what never can.

use std::process::{Command, Stdio};

use jan_domain::conversation::Conversation;
use jan_domain::id::ConversationId;
use jan_projections::{ReadModel, RebuildError, Rebuilt, Selection};
use jan_tests::process::program;
use sqlx::{ConnectOptions as _, PgPool};

use super::database::database;
use super::log::{Node, append, append_raw, owner};
use super::parking::{created, history_with_a_spoilt_stream, retitled};
use super::rebuild::{assert_equal, operator, rebuild};

const MODEL: ReadModel = ReadModel::Conversations;

async fn title(node: &Node) -> Option<String> {
    let id = ConversationId::parse("conv_7").unwrap();
    let reads = node.running.read_models();
    let row = reads.conversations.find(&owner("ann"), &id).await.unwrap();
    row.and_then(|row| row.title)
}

async fn referrer(node: &Node) -> Option<String> {
    let id = ConversationId::parse("conv_7").unwrap();
    let reads = node.running.read_models();
    let row = reads.conversations.find(&owner("ann"), &id).await.unwrap();
    row.and_then(|row| row.referrer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_stream_comes_back_once_it_can_be_folded() {
    let (pool, _database) = database().await;
    // The table refuses for a while what it takes later.
    let sql = "alter table conversations add constraint no_third check (title <> 'third')";
    sqlx::query(sql).execute(&pool).await.unwrap();
    history_with_a_spoilt_stream(&pool, async |pool, id| {
        let mut connection = pool.acquire().await.unwrap();
        append::<Conversation>(&mut connection, id, 3, &retitled("third")).await;
    })
    .await;
    let node = Node::start(&pool, "one");
    node.settle().await;
    let operator = operator(&pool, "operator");
    let parked = operator.parked(MODEL).await.unwrap();
    assert_eq!(parked.len(), 2);
    assert_eq!((parked[0].attempts, parked[1].attempts), (3, 0));
    let again = operator.retry(MODEL, &Selection::All).await.unwrap();
    assert_eq!(again.len(), 1);
    assert!(
        again[0].error.as_ref().unwrap().contains("no_third"),
        "{again:?}"
    );

    let sql = "alter table conversations drop constraint no_third";
    sqlx::query(sql).execute(&pool).await.unwrap();
    let other = Selection::Stream("conv_8".to_owned());
    assert_eq!(operator.retry(MODEL, &other).await.unwrap(), []);
    let position = Selection::Position(parked[1].position);
    let again = operator.retry(MODEL, &position).await.unwrap();
    assert_eq!((again[0].events, again[0].error.as_ref()), (2, None));
    assert!(operator.parked(MODEL).await.unwrap().is_empty());
    assert_eq!(title(&node).await.as_deref(), Some("third"));
    // The projector has heard of it: the stream goes on.
    let mut connection = pool.acquire().await.unwrap();
    append::<Conversation>(&mut connection, "conv_7", 5, &retitled("fifth")).await;
    node.appended.notify_one();
    node.settle().await;
    assert_eq!(title(&node).await.as_deref(), Some("fifth"));
    assert_equal(&operator.verify(MODEL, None).await.unwrap());
    node.stop().await;
}

fn skip(pool: &PgPool, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(program())
        .args(["projections", "skip", "conversations"])
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env(
            "DATABASE_URL",
            pool.connect_options().to_url_lossy().to_string(),
        )
        .current_dir(std::env::temp_dir())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_never_can_be_folded_is_skipped_on_record_in_every_build() {
    let (pool, _database) = database().await;
    history_with_a_spoilt_stream(&pool, async |pool, id| {
        let mut connection = pool.acquire().await.unwrap();
        let kind = ("ConversationPainted", "1.0");
        append_raw(&mut connection, ("conversation", id, 3), kind, "{}").await;
    })
    .await;
    let node = Node::start(&pool, "one");
    node.settle().await;
    let operator = operator(&pool, "operator");
    let parked = operator.parked(MODEL).await.unwrap();
    let position = parked[0].position;

    // A build stops where the live projection went around.
    let refused = rebuild(&operator, MODEL, None).await.unwrap_err();
    let RebuildError::Spoilt {
        position: at,
        stream,
        ..
    } = &refused
    else {
        panic!("{refused:?}");
    };
    assert_eq!((*at, stream.as_str()), (position, "conv_7"));

    let (at, nowhere) = (position.to_string(), (position + 1_000_000).to_string());
    for (arguments, code) in [
        (["--position", &at, "--reason", " "], 1),
        (["--position", &nowhere, "--reason", "gone"], 1),
        (["--position", "x", "--reason", "gone"], 2),
    ] {
        let (said, out, error) = skip(&pool, &arguments);
        assert_eq!((said, out.as_str()), (Some(code), ""), "{error}");
    }
    let reason = "painted by a program we do not have";
    for stream in ["conv_7: 2 events folded\n", ""] {
        let (code, out, error) = skip(&pool, &["--position", &at, "--reason", reason]);
        assert_eq!(code, Some(0), "{error}");
        assert_eq!(
            out,
            format!("Event {at} is left out from now on.\n{stream}")
        );
    }
    assert_eq!(referrer(&node).await.as_deref(), Some("web"));
    let sql = "select payload::text from events where aggregate_type = 'projection'";
    let records: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
    assert_eq!(records.len(), 1);
    assert!(records[0].contains(reason), "{records:?}");

    assert_equal(&operator.verify(MODEL, None).await.unwrap());
    assert_eq!(
        rebuild(&operator, MODEL, None).await.unwrap(),
        Rebuilt::Live
    );
    assert_eq!(referrer(&node).await.as_deref(), Some("web"));
    // The others have not been told to.
    assert_eq!(operator.parked(ReadModel::Usage).await.unwrap().len(), 2);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_cannot_be_made_says_where_and_leaves_the_live_one_alone() {
    let (pool, _database) = database().await;
    let node = Node::start(&pool, "one");
    let mut connection = pool.acquire().await.unwrap();
    append::<Conversation>(&mut connection, "conv_1", 1, &created("good")).await;
    let position = append::<Conversation>(&mut connection, "conv_1", 2, &retitled("a\0b")).await;
    node.settle().await;
    let operator = operator(&pool, "operator");
    let refused = rebuild(&operator, MODEL, None).await.unwrap_err();
    assert!(
        matches!(&refused, RebuildError::Spoilt { position: at, .. } if *at == position),
        "{refused:?}"
    );
    let statuses = operator.list().await.unwrap();
    let failed = statuses.iter().find(|row| row.generation == 2).unwrap();
    assert!(
        failed
            .last_error
            .as_ref()
            .unwrap()
            .contains(&position.to_string()),
        "{failed:?}"
    );
    assert!(super::rebuild::schemas(&pool).await.is_empty());
    assert_eq!(operator.retire(MODEL).await.unwrap(), 1);
    node.stop().await;
}
