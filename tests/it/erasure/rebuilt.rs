use std::sync::Arc;

use jan_domain::id::NodeId;
use jan_projections::{Consistency, Freshness, Projections, ReadModel, Tuning};
use jan_tests::app::App;
use jan_tests::database::Database;
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::whole::leave_traces;
use super::{PATIENCE, PLANTED, gone};

const READ_MODELS: &[&str] = &[
    "accounts",
    "closed_sessions",
    "conversation_items",
    "conversations",
    "document_passages",
    "documents",
    "media",
    "parked_events",
    "responses",
    "run_steps",
    "runs",
    "usage",
    "usage_open_calls",
];

async fn contents(pool: &PgPool) -> Vec<String> {
    let mut contents = Vec::new();
    for table in READ_MODELS {
        let sql = format!(
            "select coalesce(jsonb_agg(to_jsonb(r) order by to_jsonb(r)::text), '[]')::text \
               from {table} as r"
        );
        let rows: String = sqlx::query_scalar(&sql).fetch_one(pool).await.unwrap();
        contents.push(format!("{table}: {rows}"));
    }
    contents
}

type Recorded = (String, String, i64, String, String, String, String);

async fn copy_log(from: &PgPool, to: &PgPool) {
    let sql = r"
        select aggregate_type, aggregate_id, sequence, event_type, event_version, payload::text,
               metadata::text
          from events
         order by position";
    let events: Vec<Recorded> = sqlx::query_as(sql).fetch_all(from).await.unwrap();
    let insert = r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
        values ($1, $2, $3, $4, $5, $6::json, $7::json)";
    for (kind, id, sequence, event, version, payload, metadata) in events {
        let copied = sqlx::query(insert).bind(kind).bind(id).bind(sequence);
        let copied = copied
            .bind(event)
            .bind(version)
            .bind(payload)
            .bind(metadata);
        copied.execute(to).await.unwrap();
    }
    let sql = "select tenant_id, account_id from erasures";
    let erased: Vec<(String, String)> = sqlx::query_as(sql).fetch_all(from).await.unwrap();
    for (tenant, account) in erased {
        let sql = "insert into erasures (tenant_id, account_id) values ($1, $2)";
        let copied = sqlx::query(sql).bind(tenant).bind(account);
        copied.execute(to).await.unwrap();
    }
}

/// Folds the whole log of `app` into empty tables.
async fn folded_from_nothing(app: &App, pool: &PgPool) {
    copy_log(app.pool(), pool).await;
    let (tracker, cancel) = (TaskTracker::new(), CancellationToken::new());
    let projections = Projections {
        pool: pool.clone(),
        keyring: Arc::new(app.keys()),
        appended: Arc::new(Notify::new()),
        node: NodeId::parse("node_rebuilding").unwrap(),
        tuning: Tuning::default(),
    };
    let reads = projections.spawn(&tracker, &cancel).read_models();
    let deadline = Instant::now() + PATIENCE;
    for model in ReadModel::ALL {
        while reads
            .barrier
            .reach(model, Consistency::Strong)
            .await
            .unwrap()
            != Freshness::Fresh
        {
            assert!(Instant::now() < deadline, "{model:?} does not follow");
        }
    }
    cancel.cancel();
    tracker.close();
    tracker.wait().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn read_models_folded_from_nothing_are_those_that_saw_the_erasure() {
    let app = App::start().await;
    let other = app.guest().await;
    leave_traces(&other, "bystander-19c4").await;
    leave_traces(&app, PLANTED).await;
    app.settle().await;
    let database = Database::fresh().await;
    let pool = database.pool(8).await;
    app.delete("/auth/me").await.expect_status(200);
    gone(app.pool(), PLANTED).await;
    app.settle().await;
    folded_from_nothing(&app, &pool).await;
    let (live, rebuilt) = (contents(app.pool()).await, contents(&pool).await);
    assert_eq!(live, rebuilt);
    assert!(live.concat().contains("bystander-19c4") && !live.concat().contains(PLANTED));
}
