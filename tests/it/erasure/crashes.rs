use std::time::Duration;

use jan_commands::crash::ERASE_POINTS;
use jan_tests::database::Database;
use jan_tests::given::{MODEL, chat, with};
use jan_tests::process::Deployment;
use jan_tests::scripted_model::ScriptedModel;
use serde_json::json;
use sqlx::PgPool;
use tokio::time::{Instant, sleep};

use super::{PATIENCE, PLANTED, gone};

async fn unfinished(pool: &PgPool) -> i64 {
    let sql = "select count(*) from erasures where finished_at is null";
    sqlx::query_scalar(sql).fetch_one(pool).await.unwrap()
}

/// Each death is on the record that the earlier ones have left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_a_death_interrupts_is_finished_by_the_next_process() {
    let database = Database::fresh().await;
    let model = ScriptedModel::start().await;
    let deployment = Deployment::new(&database.options(), &model.base_url());
    let pool = database.pool(4).await;
    for point in ERASE_POINTS {
        let mut dying = deployment.start_to_die_at(point, 1).await;
        let person = dying.remote().guest().await;
        let said = with(
            chat(&format!("reply exactly {PLANTED}")),
            json!({"model": MODEL, "conversation": {}, "store": true}),
        );
        let told = person.post("/v1/chat/completions", &said).await.unwrap();
        assert_eq!(told.status, 200, "{told:?}");
        let lost = person.delete("/auth/me").await;
        assert!(lost.is_err(), "{point} was not passed: {lost:?}");
        assert!(!dying.until_dead().await.success());
        assert_eq!(unfinished(&pool).await, 1, "{point}");

        let next = deployment.start().await;
        let deadline = Instant::now() + PATIENCE;
        while unfinished(&pool).await > 0 {
            assert!(Instant::now() < deadline, "{point} is not made up for");
            sleep(Duration::from_millis(50)).await;
        }
        gone(&pool, PLANTED).await;
        let refused = person.at(&next.remote()).get("/auth/me").await.unwrap();
        assert_eq!(refused.status, 401, "{point}: {refused:?}");
        assert!(next.stop().await.success());
    }
    let sql = r"
        select (select count(*) from erasures),
               (select count(*) from events where event_type = 'AccountErased'),
               (select count(*) from owner_keys where wrapped is not null)";
    let counts: (i64, i64, i64) = sqlx::query_as(sql).fetch_one(&pool).await.unwrap();
    assert_eq!(counts, (6, 6, 0));
}
