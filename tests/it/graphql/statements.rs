//! What a page of conversations costs the database: no more statements for twenty than for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use http::{Request, header};
use http_body_util::BodyExt as _;
use jan_api::edge::Edge;
use jan_api::state::Rooms;
use jan_projections::ReadModels;
use jan_tests::app::App;
use jan_tests::given::MODEL;
use serde_json::{Value, json};
use sqlx::postgres::PgPoolOptions;
use tower::ServiceExt as _;

use super::conversation;

const PAGE: &str = "query($n: Int) { conversations(first: $n) { edges { node {
    id items(first: 50) { edges { node { id response { id steps { id } conversation { title } } } } }
    responses(first: 5) { id steps { type } output { id response { id } } } } } } }";

/// The same application over read models whose every statement is counted: each takes the one
/// connection of their pool for itself.
async fn counting(app: &App) -> (Edge, Arc<AtomicUsize>) {
    let taken = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&taken);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .before_acquire(move |_, _| {
            counter.fetch_add(1, Ordering::Relaxed);
            Box::pin(async { Ok(true) })
        });
    let options = app.pool().connect_options().as_ref().clone();
    let pool = pool.connect_with(options).await.unwrap();
    let state = &app.application().state;
    let rooms = Rooms {
        commands: state.commands.clone(),
        reads: ReadModels::elsewhere(&pool),
        projections: state.projections.clone(),
        authenticator: Arc::clone(&state.authenticator),
        idempotency: state.idempotency.clone(),
        server: Arc::clone(&state.server),
    };
    (jan_api::router(rooms.into()), taken)
}

/// Asks for so many conversations, and gives them with the number of statements that took.
async fn asked(app: &App, (edge, taken): &(Edge, Arc<AtomicUsize>), n: usize) -> (Value, usize) {
    let before = taken.load(Ordering::Relaxed);
    let body = json!({"query": PAGE, "variables": {"n": n}}).to_string();
    let request = Request::post("/graphql")
        .header(header::HOST, "jan.test")
        .header(header::AUTHORIZATION, format!("Bearer {}", app.token()))
        .header(header::CONTENT_TYPE, "application/json")
        // Waiting for one's own writes is a matter of its own.
        .header("x-consistency", "eventual")
        .body(Body::from(body))
        .unwrap();
    let Ok(answer) = edge.clone().oneshot(request).await;
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert!(told.get("errors").is_none(), "{told}");
    let edges = told.pointer("/data/conversations/edges").unwrap().clone();
    (edges, taken.load(Ordering::Relaxed) - before)
}

#[tokio::test]
async fn twenty_conversations_cost_no_more_statements_than_one() {
    let app = App::start().await;
    for at in 0..20 {
        let id = conversation(&app, &format!("{at}"), 3).await;
        let body = json!({"model": MODEL, "input": "reply exactly tea", "conversation": id});
        app.post("/v1/responses", body).await.expect_status(200);
    }
    app.settle().await;
    let counted = counting(&app).await;
    let (one, few) = asked(&app, &counted, 1).await;
    let (twenty, many) = asked(&app, &counted, 20).await;
    assert_eq!(
        (
            one.as_array().unwrap().len(),
            twenty.as_array().unwrap().len()
        ),
        (1, 20)
    );
    for edge in twenty.as_array().unwrap() {
        let node = &edge["node"];
        assert_eq!(
            node["items"]["edges"].as_array().unwrap().len(),
            5,
            "{node}"
        );
        assert_eq!(
            node["responses"][0]["steps"][0]["type"], "INFERENCE",
            "{node}"
        );
        let said = node["items"]["edges"].as_array().unwrap().last().unwrap();
        assert_eq!(
            said["node"]["response"]["id"], node["responses"][0]["id"],
            "{node}"
        );
    }
    // What is loaded at one place of the document is one statement; on a busy machine, two at times.
    assert!(
        few <= 16 && many <= 16,
        "{few} statements for one, {many} for twenty"
    );
}
