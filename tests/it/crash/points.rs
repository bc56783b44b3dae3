//! The process dies between each two steps of a chat call, and what comes after puts it in order.

use jan_commands::crash::CHAT_POINTS;
use jan_tests::database::Database;
use jan_tests::given::{MODEL, chat, with};
use jan_tests::process::{Deployment, ServerProcess};
use jan_tests::remote::{Remote, Seen};
use jan_tests::scripted_model::ScriptedModel;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::truth::comes_true;

const ENDINGS: [&str; 3] = ["ResponseCompleted", "ResponseIncomplete", "ResponseFailed"];

/// How a call is made.
#[derive(Debug, Clone, Copy)]
struct Manner {
    stream: bool,
    conversation: Conversation,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Conversation {
    None,
    New,
    Existing,
}

const MANNERS: [Manner; 6] = {
    use Conversation::{Existing, New, None};
    const fn manner(stream: bool, conversation: Conversation) -> Manner {
        Manner {
            stream,
            conversation,
        }
    }
    [
        manner(false, None),
        manner(false, New),
        manner(false, Existing),
        manner(true, None),
        manner(true, New),
        manner(true, Existing),
    ]
};

/// One database, and a person who was there before anything died.
struct Scene {
    deployment: Deployment,
    database: Database,
    pool: PgPool,
    person: Remote,
    conversation: String,
    _model: ScriptedModel,
}

impl Scene {
    async fn set() -> (Self, ServerProcess) {
        let database = Database::fresh().await;
        let model = ScriptedModel::start().await;
        let deployment = Deployment::new(&database.options(), &model.base_url()).unsealed();
        let first = deployment.start().await;
        let person = first.remote().guest().await;
        let wish = json!({"items": [{"role": "user", "content": "before"}]});
        let begun = person.post("/v1/conversations", &wish).await.unwrap();
        let conversation = begun.body["id"].as_str().unwrap().to_owned();
        let pool = database.pool(4).await;
        comes_true(&pool).await;
        let scene = Self {
            deployment,
            database,
            pool,
            person,
            conversation,
            _model: model,
        };
        (scene, first)
    }

    /// A call whose answer comes in three frames.
    fn call(&self, manner: Manner) -> Value {
        let call = with(
            chat("reply exactly one two three"),
            json!({"model": MODEL, "stream": manner.stream}),
        );
        match manner.conversation {
            Conversation::None => call,
            Conversation::New => with(call, json!({"conversation": {}})),
            Conversation::Existing => with(call, json!({"conversation": self.conversation})),
        }
    }

    /// Types of the events of all calls, oldest first.
    async fn recorded(&self) -> Vec<String> {
        let sql = r"
            select event_type
              from events
             where aggregate_type = 'response'
             order by position";
        sqlx::query_scalar(sql).fetch_all(&self.pool).await.unwrap()
    }

    async fn items(&self) -> i64 {
        let sql = "select count(*) from conversation_items where conversation_id = $1";
        let items = sqlx::query_scalar(sql).bind(&self.conversation);
        items.fetch_one(&self.pool).await.unwrap()
    }
}

/// Makes a call that does not come to its end, and answers what the client has seen of it.
async fn broken_off(person: &Remote, call: &Value) -> Seen {
    let mut seen = Seen::default();
    let lost = if call["stream"] == true {
        person.watch(call, None, &mut seen).await.map(drop)
    } else {
        person.post("/v1/chat/completions", call).await.map(drop)
    };
    assert!(lost.is_err(), "the call came to an end: {seen:?}");
    seen
}

/// What is on record of a call whose process died at `point`, once it is in order again.
fn expected(point: &str) -> &'static [&'static str] {
    match point {
        "chat.before_intent" => &[],
        "chat.after_outcome" => &["ResponseRequested", "ResponseCompleted"],
        _ => &["ResponseRequested", "ResponseFailed"],
    }
}

/// Dies at `point` in every manner, each time on the record that the earlier deaths have left.
async fn die_at(point: &str) {
    let (scene, first) = Scene::set().await;
    assert!(first.stop().await.success());
    for manner in MANNERS {
        let (calls, items) = (scene.recorded().await.len(), scene.items().await);
        let mut dying = scene.deployment.start_to_die_at(point, 1).await;
        let person = scene.person.at(&dying.remote());
        let seen = broken_off(&person, &scene.call(manner)).await;
        assert!(!seen.finished && !seen.done, "{point} {manner:?}: {seen:?}");
        assert!(!dying.until_dead().await.success());

        let next = scene.deployment.start().await;
        // Its events come once the lease of the dead has run out; there may be none to come.
        comes_true(&scene.pool).await;
        let recorded = scene.recorded().await.split_off(calls);
        assert_eq!(recorded, expected(point), "{point} {manner:?}");
        let kept = point == "chat.after_outcome" && manner.conversation == Conversation::Existing;
        let gained = scene.items().await - items;
        assert_eq!(gained, if kept { 2 } else { 0 }, "{point} {manner:?}");
        assert_reads_on(&scene, &next.remote()).await;
        next.kill();
    }
    drop(scene.database);
}

/// The person can go on: the same conversation takes another turn and shows it.
async fn assert_reads_on(scene: &Scene, next: &Remote) {
    let person = scene.person.at(next);
    let before = scene.items().await;
    let call = with(
        chat("reply exactly on we go"),
        json!({"conversation": scene.conversation}),
    );
    let told = person.post("/v1/chat/completions", &call).await.unwrap();
    assert_eq!(told.status, 200, "{told:?}");
    let path = format!(
        "/v1/conversations/{}/items?order=desc&limit=1",
        scene.conversation
    );
    let shown = person.get(&path).await.unwrap();
    let last = &shown.body["data"][0]["content"][0]["text"];
    assert_eq!(last, "on we go", "{shown:?}");
    comes_true(&scene.pool).await;
    assert_eq!(scene.items().await, before + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_the_intent_nothing_is_on_record() {
    die_at("chat.before_intent").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_intent_the_call_is_closed_as_failed() {
    die_at("chat.after_intent").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn during_the_answer_the_call_is_closed_as_failed() {
    die_at("chat.during_effect").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_answer_the_call_is_closed_as_failed_and_the_client_has_not_seen_the_end() {
    die_at("chat.after_effect").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_outcome_everything_is_there() {
    die_at("chat.after_outcome").await;
}

/// No restart is needed: who lives closes the calls of the dead.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_puts_in_order_what_a_dead_one_left() {
    let (scene, survivor) = Scene::set().await;
    for point in CHAT_POINTS {
        for manner in [MANNERS[0], MANNERS[5]] {
            let calls = scene.recorded().await.len();
            let mut dying = scene.deployment.start_to_die_at(point, 1).await;
            broken_off(&scene.person.at(&dying.remote()), &scene.call(manner)).await;
            dying.until_dead().await;
            comes_true(&scene.pool).await;
            let recorded = scene.recorded().await.split_off(calls);
            assert_eq!(recorded, expected(point), "{point} {manner:?}");
        }
    }
    assert_reads_on(&scene, &survivor.remote()).await;
}

/// The table above must not fall behind the code.
#[test]
fn every_point_of_a_chat_call_is_died_at() {
    let points = [
        "chat.before_intent",
        "chat.after_intent",
        "chat.during_effect",
        "chat.after_effect",
        "chat.after_outcome",
    ];
    assert_eq!(CHAT_POINTS, points);
    assert!(expected("chat.after_outcome").contains(&ENDINGS[0]));
}
