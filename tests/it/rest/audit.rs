//! Searching what happened.

use std::time::Duration;

use jan_tests::app::App;
use jan_tests::given::{chat, with};
use jan_tests::request::Client;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

const EVENTS: &str = "/v1/audit/events";

async fn talk(client: &Client) -> (String, String) {
    let body = with(chat("reply exactly hi"), json!({"conversation": {}}));
    let answer = client
        .post("/v1/chat/completions", body)
        .await
        .expect_status(200);
    let request = answer.header("x-request-id").unwrap().to_owned();
    let id = answer.json()["conversation"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    (id, request)
}

async fn found(client: &Client, query: &str) -> Vec<Value> {
    let found = client
        .get(&format!("{EVENTS}?{query}"))
        .await
        .expect_status(200)
        .json();
    found["data"].as_array().unwrap().clone()
}

fn positions(events: &[Value]) -> Vec<i64> {
    events
        .iter()
        .map(|event| event["position"].as_i64().unwrap())
        .collect()
}

/// Waits until everything is in the index, or nothing is.
async fn until_indexed(app: &App) {
    let sql = "select (select max(position) from events)
                      <= coalesce((select max(indexed_through) from event_sealer), 0)";
    let until = Instant::now() + Duration::from_mins(1);
    while !sqlx::query_scalar::<_, bool>(sql)
        .fetch_one(app.pool())
        .await
        .unwrap()
    {
        assert!(Instant::now() < until, "the index does not follow");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn events_are_found_by_everything_they_say() {
    let app = App::start().await;
    let (id, request) = talk(&app).await;
    talk(&app).await;
    let all = found(&app, "limit=100").await;
    assert_eq!(all.len(), app.events().await.len());
    let first = all.last().unwrap();
    let actor = first["actor"].as_str().unwrap();
    let middle = all[3]["recorded_at"].as_str().unwrap().to_owned();
    let queries = [
        (format!("stream={id}"), "stream", json!(id)),
        (
            format!("request_id={request}"),
            "request_id",
            json!(request),
        ),
        (
            format!("correlation_id={request}"),
            "correlation_id",
            json!(request),
        ),
        (
            "type=ResponseCompleted".to_owned(),
            "type",
            json!("ResponseCompleted"),
        ),
        (format!("actor={actor}"), "actor", json!(actor)),
    ];
    // The same from the log alone as from the index.
    for indexed in [false, true] {
        if indexed {
            until_indexed(&app).await;
        }
        for (query, field, value) in &queries {
            let expected = all.iter().filter(|event| event[field] == *value).cloned();
            let expected: Vec<_> = expected.collect();
            assert!(!expected.is_empty(), "{query}");
            assert_eq!(
                found(&app, &format!("{query}&limit=100")).await,
                expected,
                "{query}"
            );
        }
        let since = found(&app, &format!("since={}", middle.replace('+', "%2B"))).await;
        let until = found(&app, &format!("until={middle}&limit=100")).await;
        assert_eq!((since.len(), since.len() + until.len()), (4, all.len()));
        assert!(found(&app, "actor=user_nobody").await.is_empty());
        assert!(found(&app, "api_key=key_1").await.is_empty());
    }
    let created = all
        .iter()
        .find(|event| event["type"] == "ConversationCreated")
        .unwrap();
    assert!(created["payload"]["Created"]["owner"].is_object());
}

#[tokio::test]
async fn pages_meet_and_lines_are_all_of_them() {
    let app = App::start().await;
    talk(&app).await;
    talk(&app).await;
    let all = positions(&found(&app, "limit=100&order=asc").await);
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = app
            .get(&format!("{EVENTS}?order=asc&limit=2{after}"))
            .await
            .json();
        seen.extend(positions(page["data"].as_array().unwrap()));
        after = format!("&after={}", page["last_id"].as_str().unwrap());
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(seen, all);
    let lines = app
        .get(&format!("{EVENTS}?format=jsonl&order=asc"))
        .await
        .expect_status(200);
    assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
    let objects: Vec<Value> = lines
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(positions(&objects), all);
    let accepted = app
        .get(&format!("{EVENTS}?order=asc"))
        .header("accept", "application/x-ndjson")
        .await;
    assert_eq!(accepted.text(), lines.text());
    for wrong in [
        "limit=0",
        "after=x",
        "after=-1",
        "since=yesterday",
        "until=9999999999999999",
        "order=up",
        "format=xml",
        "actor=a&actor=b",
    ] {
        let refused = app
            .get(&format!("{EVENTS}?{wrong}"))
            .await
            .expect_status(400)
            .json();
        let name = wrong.split_once('=').unwrap().0;
        assert_eq!(refused["error"]["param"], name, "{wrong}");
    }
}

#[tokio::test]
async fn everybody_sees_their_own_and_administrators_see_all() {
    let app = App::start().await;
    let (id, request) = talk(&app).await;
    let stranger = app.guest().await;
    let (other, _) = talk(&stranger).await;
    let history = format!("/v1/audit/streams/conversation/{id}");
    for indexed in [false, true] {
        if indexed {
            until_indexed(&app).await;
        }
        let own = found(&stranger, "limit=100").await;
        assert!(own.iter().all(|event| event["stream"] != *id), "{own:?}");
        assert!(found(&stranger, &format!("stream={id}")).await.is_empty());
        assert!(
            found(&stranger, &format!("request_id={request}"))
                .await
                .is_empty()
        );
        stranger.get(&history).await.expect_status(404);
        let lines = stranger.get(&format!("{EVENTS}?format=jsonl")).await;
        assert!(!lines.text().contains(&id));
        let all = found(&app.administrator(), "limit=100").await;
        assert_eq!(all.len(), app.events().await.len());
        assert!(
            [&id, &other]
                .iter()
                .all(|id| all.iter().any(|event| event["stream"] == **id))
        );
    }
    let told = app.get(&history).await.expect_status(200).json();
    let told = told["data"].as_array().unwrap();
    let stored = app.events_of(&id).await;
    assert_eq!(told.len(), stored.len());
    for (told, stored) in told.iter().zip(&stored) {
        assert_eq!(told["sequence"], stored.sequence);
        assert_eq!(told["request_id"], *request);
        assert_eq!(
            told["payload"].to_string(),
            serde_json::from_str::<Value>(&stored.payload)
                .unwrap()
                .to_string()
        );
    }
    let missing = app
        .get("/v1/audit/streams/conversation/conv_nobody")
        .await
        .expect_status(404)
        .json();
    let foreign = stranger.get(&history).await.expect_status(404).json();
    assert_eq!(missing["error"]["code"], foreign["error"]["code"]);
    app.administrator().get(&history).await.expect_status(200);
}

#[tokio::test]
async fn later_logs_are_proved_to_continue_earlier_ones() {
    let app = App::start().await;
    let mut sizes = Vec::new();
    for _ in 0..3 {
        talk(&app).await;
        until_indexed(&app).await;
        let checkpoint = app
            .get("/v1/audit/checkpoint")
            .await
            .expect_status(200)
            .json();
        sizes.push((
            checkpoint["size"].as_u64().unwrap(),
            checkpoint["root"].clone(),
        ));
    }
    for (from, from_root) in &sizes {
        for (to, to_root) in sizes.iter().filter(|(to, _)| to >= from) {
            let path = format!("/v1/audit/consistency?from={from}&to={to}");
            let proof = app.get(&path).await.expect_status(200).json();
            assert_eq!(
                (&proof["from_root"], &proof["to_root"]),
                (from_root, to_root)
            );
        }
    }
    for (query, param) in [
        ("from=1", "to"),
        ("from=0&to=1", "from"),
        ("from=2&to=1", "to"),
        ("from=1&to=99999", "to"),
        ("from=x&to=1", "from"),
    ] {
        let refused = app
            .get(&format!("/v1/audit/consistency?{query}"))
            .await
            .expect_status(400)
            .json();
        assert_eq!(refused["error"]["param"], param, "{query}");
    }
    app.get("/v1/audit/events/x/proof").await.expect_status(400);
}
