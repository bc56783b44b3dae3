//! A projection made anew takes the live one's place while everything goes on, and gives it back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use jan_domain::conversation::{Conversation, ConversationEvent};
use jan_domain::id::NodeId;
use jan_domain::ports::NoKeys;
use jan_projections::{
    Comparison, Consistency, Freshness, ProjectionOperator, ReadModel, RebuildError, Rebuilt,
    Status,
};
use jan_tests::synthetic::{conversation, owner_of, write_chats};
use sqlx::PgPool;
use tokio::task::JoinHandle;

use super::database::database;
use super::log::{Node, append, fresh, minute};

/// An operator that works as a process of its own.
pub(super) fn operator(pool: &PgPool, name: &str) -> ProjectionOperator {
    let node = NodeId::parse(&format!("node_{name}")).unwrap();
    ProjectionOperator::new(pool.clone(), Arc::new(NoKeys), node)
}

/// Rebuilds a projection here, to its end.
pub(crate) async fn rebuild(
    operator: &ProjectionOperator,
    model: ReadModel,
    shards: Option<usize>,
) -> Result<Rebuilt, RebuildError> {
    let generation = operator.begin_here(model, shards).await?;
    operator.carry(model, generation).await
}

/// Holds a projection against a fresh fold, and says what is different if anything is.
#[track_caller]
pub(crate) fn assert_equal(comparison: &Comparison) {
    assert!(comparison.is_equal(), "{comparison:#?}");
}

/// Status and version of each generation of a projection.
pub(super) async fn generations(pool: &PgPool, model: ReadModel) -> Vec<(i32, Status)> {
    let all = operator(pool, "looker").list().await.unwrap();
    let of_model = all.into_iter().filter(|row| row.name == model.name());
    of_model.map(|row| (row.generation, row.status)).collect()
}

/// Appends to the conversations 0..10 for as long as it is let, and reads each append back.
struct Traffic {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicI64>,
    done: JoinHandle<()>,
}

impl Traffic {
    fn start(pool: &PgPool, node: &Node) -> Self {
        let (stop, rounds) = (Arc::<AtomicBool>::default(), Arc::<AtomicI64>::default());
        let (pool, reads, bell) = (
            pool.clone(),
            node.running.read_models(),
            Arc::clone(&node.appended),
        );
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&rounds));
        #[expect(clippy::disallowed_methods, reason = "the test waits for it")]
        let done = tokio::spawn(async move {
            // The history's own events end at sequence 7.
            for round in 0_i64.. {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (number, sequence) = (round % 10, 8 + round / 10);
                let title = format!("title {round}");
                let event = ConversationEvent::TitleChanged {
                    title: title.clone(),
                    at: minute(round),
                };
                let id = conversation(number);
                let mut connection = pool.acquire().await.unwrap();
                append::<Conversation>(&mut connection, id.as_str(), sequence, &event).await;
                drop(connection);
                bell.notify_one();
                let waited = reads
                    .barrier
                    .reach(ReadModel::Conversations, Consistency::Strong)
                    .await
                    .unwrap();
                let row = reads.conversations.find(&owner_of(number), &id).await;
                let row = row.unwrap().unwrap();
                if waited == Freshness::Fresh {
                    assert_eq!(row.title.as_deref(), Some(title.as_str()), "round {round}");
                }
                counted.store(round + 1, Ordering::Relaxed);
            }
        });
        Self { stop, rounds, done }
    }

    async fn end(self) -> i64 {
        self.stop.store(true, Ordering::Relaxed);
        self.done.await.unwrap();
        self.rounds.load(Ordering::Relaxed)
    }
}

/// What is known of an index.
type Index = (String, bool, bool, bool, Option<String>, Option<String>);

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_takes_its_place_and_gives_it_back_under_readers_and_writers() {
    let (pool, _database) = database().await;
    write_chats(&pool, 0, 60).await.unwrap();
    let node = Node::start(&pool, "one");
    node.settle().await;
    let operator = operator(&pool, "operator");
    let model = ReadModel::Conversations;
    let traffic = Traffic::start(&pool, &node);

    assert_eq!(
        rebuild(&operator, model, Some(3)).await.unwrap(),
        Rebuilt::Live
    );
    let expected = [(1, Status::Standby), (2, Status::Live)];
    assert_eq!(generations(&pool, model).await, expected);
    assert_equal(&operator.verify(model, Some(2)).await.unwrap());
    let before = traffic.rounds.load(Ordering::Relaxed);

    // What was live before is kept up to date meanwhile.
    operator.roll_back(model).await.unwrap();
    let expected = [(1, Status::Live), (2, Status::Standby)];
    assert_eq!(generations(&pool, model).await, expected);
    assert_equal(&operator.verify(model, None).await.unwrap());
    operator.roll_back(model).await.unwrap();
    assert_eq!(operator.retire(model).await.unwrap(), 1);
    assert_eq!(generations(&pool, model).await, [(2, Status::Live)]);
    assert!(matches!(
        operator.roll_back(model).await,
        Err(RebuildError::NoStandby { .. })
    ));
    assert!(traffic.end().await >= before);
    fresh(&node.running.read_models(), model).await;
    assert_equal(&operator.verify(model, None).await.unwrap());
    node.stop().await;
    assert_eq!(schemas(&pool).await, [0; 0].map(|_: i32| String::new()));
}

/// Schemas of generations that are not live.
pub(super) async fn schemas(pool: &PgPool) -> Vec<String> {
    let sql = r"
        select nspname::text
          from pg_namespace
         where nspname like 'projection\_%'";
    sqlx::query_scalar(sql).fetch_all(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_keeps_indexes_keys_and_storage_of_its_tables() {
    let (pool, _database) = database().await;
    write_chats(&pool, 0, 5).await.unwrap();
    let node = Node::start(&pool, "one");
    node.settle().await;
    let sql = r"
        select pg_get_indexdef(indexrelid), indisprimary, indisunique, indisvalid,
               (select string_agg(pg_get_constraintdef(oid), ', ')
                  from pg_constraint where conindid = indexrelid),
               (select array_to_string(reloptions, ',') from pg_class where oid = indrelid)
          from pg_index
         where indrelid = any(array['public.conversations', 'public.conversation_items',
                                    'public.responses', 'public.runs', 'public.run_steps',
                                    'public.accounts', 'public.closed_sessions', 'public.usage',
                                    'public.usage_open_calls']::regclass[])
         order by 1";
    let before: Vec<Index> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
    let operator = operator(&pool, "operator");
    for model in ReadModel::ALL {
        assert_eq!(
            rebuild(&operator, model, None).await.unwrap(),
            Rebuilt::Live
        );
    }
    let after: Vec<Index> = sqlx::query_as(sql).fetch_all(&pool).await.unwrap();
    assert_eq!(before, after);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_fold_is_built_at_the_start_and_reads_go_on_meanwhile() {
    let (pool, _database) = database().await;
    write_chats(&pool, 0, 20).await.unwrap();
    let node = Node::start(&pool, "one");
    node.settle().await;
    node.stop().await;
    // As an older program would have left it, and with a row that it folded otherwise.
    for sql in [
        "update projections set version = -1 where name = 'conversations'",
        "update conversations set title = 'old' where conversation_id = 'conv_00000003'",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    let node = Node::start(&pool, "two");
    let reads = node.running.read_models();
    fresh(&reads, ReadModel::Conversations).await;
    let read = async || {
        let row = reads
            .conversations
            .find(&owner_of(3), &conversation(3))
            .await;
        row.unwrap().unwrap().title.unwrap()
    };
    let mut titles = vec![read().await];
    while generations(&pool, ReadModel::Conversations).await.len() < 2
        || titles.last().unwrap() == "old"
    {
        titles.push(read().await);
    }
    assert_eq!(titles.last().unwrap(), "Talk 00000003");
    assert_equal(
        &operator(&pool, "operator")
            .verify(ReadModel::Conversations, None)
            .await
            .unwrap(),
    );
    // Nothing else was built.
    assert_eq!(
        generations(&pool, ReadModel::Usage).await,
        [(1, Status::Live)]
    );
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_filled_is_built_from_the_log() {
    let (pool, _database) = database().await;
    write_chats(&pool, 0, 20).await.unwrap();
    // As if the log were a long one.
    let sql = r"
        insert into projections (name, generation, status, version)
        values ('conversations', 1, 'live', 0)";
    sqlx::query(sql).execute(&pool).await.unwrap();
    let node = Node::start(&pool, "one");
    let reads = node.running.read_models();
    fresh(&reads, ReadModel::Conversations).await;
    let row = reads
        .conversations
        .find(&owner_of(3), &conversation(3))
        .await;
    assert_eq!(
        row.unwrap().unwrap().title.as_deref(),
        Some("Talk 00000003")
    );
    assert_eq!(
        generations(&pool, ReadModel::Conversations).await,
        [(2, Status::Live)]
    );
    node.stop().await;
}
