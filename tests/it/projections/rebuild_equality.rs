//! Whatever happened: what is built from nothing is what was folded as it happened.

use std::sync::atomic::{AtomicU64, Ordering};

use jan_projections::{ReadModel, Rebuilt};
use jan_tests::app::App;
use jan_tests::given::{MODEL, chat, with};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;
use tokio::runtime::Runtime;

use super::database::database;
use super::dice::Dice;
use super::equality::{compare, project, rolls};
use super::rebuild::{assert_equal, operator, rebuild};
use super::world::World;

#[test]
fn what_is_built_from_nothing_equals_what_was_folded_as_it_happened() {
    static CASES: AtomicU64 = AtomicU64::new(0);
    let runtime = Runtime::new().unwrap();
    let (pool, _database) = runtime.block_on(database());
    let operator = operator(&pool, "operator");
    let config = Config {
        cases: 5,
        failure_persistence: None,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&(rolls(), 1..9_u32, 1..5_usize), |input| {
        let (rolls, page_events_max, shards) = input;
        let world = World::after(CASES.fetch_add(1, Ordering::Relaxed), &rolls);
        runtime.block_on(async {
            let reads = project(&pool, &world, page_events_max, Dice::new(7)).await;
            for model in ReadModel::ALL {
                let comparison = operator.verify(model, Some(shards)).await.unwrap();
                prop_assert!(comparison.is_equal(), "{comparison:#?}");
                let rebuilt = rebuild(&operator, model, Some(shards)).await.unwrap();
                prop_assert_eq!(rebuilt, Rebuilt::Live);
                operator.retire(model).await.unwrap();
            }
            compare(&reads, &world).await
        })
    });
    tried.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_application_has_done_is_built_from_nothing_just_the_same() {
    let app = App::start().await;
    let chat_body = with(chat("reply exactly hi"), json!({"conversation": {}}));
    app.post("/v1/chat/completions", chat_body)
        .await
        .expect_status(200);
    for background in [false, true] {
        let body = json!({
            "model": MODEL, "input": "reply exactly hi", "background": background,
            "metadata": {"k": "a\tb\\N"},
        });
        app.post("/v1/responses", body).await.expect_status(200);
    }
    let unstored = json!({"model": MODEL, "input": "reply exactly hi", "store": false});
    app.post("/v1/responses", unstored).await.expect_status(200);
    app.settle().await;
    let operator = app.projections();
    for model in ReadModel::ALL {
        let before = operator.verify(model, Some(2)).await.unwrap();
        assert_equal(&before);
        assert_eq!(
            rebuild(&operator, model, Some(2)).await.unwrap(),
            Rebuilt::Live
        );
        let after = operator.verify(model, None).await.unwrap();
        assert_equal(&after);
        for (before, after) in before.tables.iter().zip(&after.tables) {
            assert_eq!(before.live, after.live);
        }
        operator.retire(model).await.unwrap();
    }
    let runs = operator.verify(ReadModel::Runs, None).await.unwrap();
    assert!(
        runs.tables.iter().all(|table| table.live.rows >= 3),
        "{runs:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_not_what_the_log_makes_is_found_and_named() {
    let (pool, _database) = database().await;
    jan_tests::synthetic::write_chats(&pool, 0, 10)
        .await
        .unwrap();
    super::log::folded(&pool).await;
    let operator = operator(&pool, "operator");
    let model = ReadModel::Conversations;
    for sql in [
        "update conversations set title = 'wrong' where conversation_id = 'conv_00000003'",
        "delete from conversation_items where conversation_id = 'conv_00000004' and ordinal = 2",
        "insert into conversations select 'conv_planted', tenant_id, account_id, title, referrer, \
         metadata, items_added, created_at, updated_at from conversations limit 1",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    let found = operator.verify(model, Some(2)).await.unwrap();
    assert!(!found.is_equal());
    let [conversations, items] = found.tables.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(
        (conversations.live.rows, conversations.fresh.rows),
        (11, 10)
    );
    let keys: Vec<&str> = conversations
        .differences
        .iter()
        .map(|row| row.key.as_str())
        .collect();
    assert_eq!(keys, ["conv_00000003", "conv_planted"]);
    let changed = &conversations.differences[0];
    assert_eq!(changed.live.as_ref().unwrap()["title"], "wrong");
    assert_eq!(changed.fresh.as_ref().unwrap()["title"], "Talk 00000003");
    assert_eq!(changed.live.as_ref().unwrap().len(), 1);
    assert_eq!(conversations.differences[1].fresh, None);
    assert_eq!(items.differences[0].key, "conv_00000004 2");
    assert_eq!(items.differences[0].live, None);

    // One stream's rows are mended alone, then all of them.
    assert_eq!(
        operator
            .rebuild_stream(model, "conv_00000004")
            .await
            .unwrap(),
        7
    );
    let found = operator.verify(model, None).await.unwrap();
    assert_eq!(found.tables[1].live, found.tables[1].fresh);
    assert!(!found.is_equal());
    assert_eq!(
        rebuild(&operator, model, None).await.unwrap(),
        Rebuilt::Live
    );
    assert_equal(&operator.verify(model, None).await.unwrap());
}
