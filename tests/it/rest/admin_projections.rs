//! The read models in the hands of an administrator.

use jan_tests::app::App;
use jan_tests::given::chat;
use serde_json::{Value, json};

const ROOT: &str = "/v1/admin/projections";

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_rebuilds_verifies_and_goes_back() {
    let app = App::start().await;
    app.post("/v1/chat/completions", chat("reply exactly hi"))
        .await
        .expect_status(200);
    let admin = app.administrator();
    let all = admin.get(ROOT).await.expect_status(200).json();
    let names: Vec<&str> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"usage"), "{names:?}");

    let usage = format!("{ROOT}/usage");
    let rebuild = format!("{usage}/rebuild");
    admin.get(&rebuild).await.expect_status(404);
    let begun = admin
        .post(&rebuild, json!({}))
        .await
        .expect_status(202)
        .json();
    assert_eq!(begun["progress_url"], rebuild);
    let built = loop {
        let now = admin.get(&rebuild).await.expect_status(200).json();
        if now["status"] != "building" {
            break now;
        }
    };
    assert_eq!(
        (&built["status"], &built["generation"]),
        (&json!("live"), &json!(2))
    );
    let found = admin.post(&format!("{usage}/verify"), json!({})).await;
    let found = found.expect_status(200).json();
    assert_eq!(found["equal"], true, "{found}");
    let statuses = |lives: &Value| {
        let lives = lives["data"].as_array().unwrap().iter();
        lives.map(|life| life["status"].clone()).collect::<Vec<_>>()
    };
    let lives = admin.post(&format!("{usage}/rollback"), json!({})).await;
    assert_eq!(
        statuses(&lives.expect_status(200).json()),
        ["live", "standby"]
    );
    let lives = admin.post(&format!("{usage}/retire"), json!({})).await;
    assert_eq!(statuses(&lives.expect_status(200).json()), ["live"]);
    let lives = admin.post(&format!("{usage}/retire"), json!({})).await;
    assert_eq!(
        lives.expect_status(409).json()["error"]["code"],
        "no_standby"
    );
}

#[tokio::test]
async fn what_is_asked_wrongly_names_the_field_and_changes_nothing() {
    let app = App::start().await;
    let admin = app.administrator();
    let before = app.events().await.len();
    let skip = format!("{ROOT}/usage/skip");
    for (body, param) in [
        (json!({"reason": "x"}), "position"),
        (json!({"position": 1}), "reason"),
        (json!({"position": 1_000_000, "reason": "x"}), "position"),
        (json!({"position": "x", "reason": "x"}), "position"),
    ] {
        let refused = admin.post(&skip, body).await.expect_status(400).json();
        assert_eq!(refused["error"]["param"], param, "{refused}");
    }
    let retry = format!("{ROOT}/usage/retry");
    let both = json!({"stream": "conv_1", "position": 1});
    admin.post(&retry, both).await.expect_status(400);
    let none = admin
        .post(&retry, json!({}))
        .await
        .expect_status(200)
        .json();
    assert_eq!(none["data"], json!([]));
    let parked = admin.get(&format!("{ROOT}/usage/parked")).await;
    assert_eq!(parked.expect_status(200).json()["data"], json!([]));
    admin
        .get(&format!("{ROOT}/nonsense"))
        .await
        .expect_status(404);
    for path in ["rebuild", "verify", "retry", "skip", "retire", "rollback"] {
        let refused = app.post(&format!("{ROOT}/usage/{path}"), json!({})).await;
        refused.expect_status(403);
    }
    assert_eq!(app.events().await.len(), before);
}
