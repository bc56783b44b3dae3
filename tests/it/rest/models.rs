//! `/v1/models` and `/v1/embeddings`.

use std::future::IntoFuture as _;

use insta::assert_json_snapshot;
use jan_tests::app::{App, Setup};
use jan_tests::given::chat;
use serde_json::{Value, json};

use super::CHAT;

const EMBEDDINGS: &str = "/v1/embeddings";

#[tokio::test]
async fn every_model_of_the_provider_is_on_offer() {
    let app = App::start().await;
    let list = app.get("/v1/models").await.expect_status(200).json();
    assert_json_snapshot!(list, @r#"
    {
      "data": [
        {
          "created": 1767225600,
          "id": "scripted-1",
          "object": "model",
          "owned_by": "scripted"
        },
        {
          "created": 1767225600,
          "id": "scripted-mini",
          "object": "model",
          "owned_by": "scripted"
        },
        {
          "created": 1767225600,
          "id": "scripted-embed",
          "object": "model",
          "owned_by": "scripted"
        }
      ],
      "object": "list"
    }
    "#);
    for model in list["data"].as_array().unwrap() {
        let id = model["id"].as_str().unwrap();
        let one = app
            .get(&format!("/v1/models/{id}"))
            .await
            .expect_status(200)
            .json();
        assert_eq!(one, *model);
    }
}

#[tokio::test]
async fn an_unknown_model_is_not_found() {
    let app = App::start().await;
    for path in [
        "/v1/models/nobody",
        "/v1/models/org/nobody",
        "/v1/models/%F0%9F%8D%B5",
    ] {
        let refused = app.get(path).await.expect_status(404);
        assert_eq!(refused.json()["error"]["code"], "model_not_found", "{path}");
        assert_eq!(refused.json()["error"]["param"], "model", "{path}");
    }
}

#[tokio::test]
async fn a_name_that_is_no_text_is_refused() {
    let app = App::start().await;
    let refused = app.get("/v1/models/%FF").await.expect_status(400);
    assert_eq!(refused.json()["error"]["code"], "invalid_value");
    assert_eq!(refused.json()["error"]["param"], "model");
}

#[tokio::test]
async fn embeddings_come_from_the_provider_as_they_are() {
    let app = App::start().await;
    let inputs = [
        json!("tea"),
        json!(["tea", "green tea"]),
        json!([1, 2, 3]),
        json!([[1, 2], [3]]),
    ];
    for input in inputs {
        let body = json!({"model": "scripted-embed", "input": input, "dimensions": 8});
        let answer = app.post(EMBEDDINGS, body).await.expect_status(200).json();
        assert_eq!(answer["object"], "list");
        let vectors = answer["data"].as_array().unwrap();
        assert!(
            vectors
                .iter()
                .all(|one| one["embedding"].as_array().unwrap().len() == 8)
        );
        let asked = app.model().requests().pop().unwrap();
        assert_eq!(
            asked.body,
            json!({"model": "scripted-embed", "input": input, "dimensions": 8})
        );
    }
}

#[tokio::test]
async fn embeddings_may_be_asked_for_in_base64() {
    let app = App::start().await;
    let body = json!({"model": "scripted-embed", "input": "tea", "encoding_format": "base64", "user": "ann", "other": 1});
    let answer = app.post(EMBEDDINGS, body).await.expect_status(200).json();
    assert!(answer["data"][0]["embedding"].is_string());
    let asked = app.model().requests().pop().unwrap();
    assert_eq!(
        asked.body,
        json!({"model": "scripted-embed", "input": "tea", "encoding_format": "base64"})
    );
}

#[tokio::test]
async fn embeddings_that_cannot_be_made_are_refused_at_their_field() {
    let app = App::start().await;
    let long = Value::from(vec!["a"; 2049]);
    let cases = [
        (json!({"input": "tea"}), "model"),
        (json!({"model": 5, "input": "tea"}), "model"),
        (json!({"model": "scripted-embed"}), "input"),
        (json!({"model": "scripted-embed", "input": null}), "input"),
        (json!({"model": "scripted-embed", "input": ""}), "input"),
        (json!({"model": "scripted-embed", "input": []}), "input"),
        (json!({"model": "scripted-embed", "input": [""]}), "input"),
        (
            json!({"model": "scripted-embed", "input": ["a", 1]}),
            "input",
        ),
        (json!({"model": "scripted-embed", "input": [-1]}), "input"),
        (json!({"model": "scripted-embed", "input": [[]]}), "input"),
        (
            json!({"model": "scripted-embed", "input": {"a": 1}}),
            "input",
        ),
        (json!({"model": "scripted-embed", "input": long}), "input"),
        (
            json!({"model": "scripted-embed", "input": "a", "encoding_format": "hex"}),
            "encoding_format",
        ),
        (
            json!({"model": "scripted-embed", "input": "a", "encoding_format": 1}),
            "encoding_format",
        ),
        (
            json!({"model": "scripted-embed", "input": "a", "dimensions": 0}),
            "dimensions",
        ),
        (
            json!({"model": "scripted-embed", "input": "a", "dimensions": 1.5}),
            "dimensions",
        ),
        (
            json!({"model": "scripted-embed", "input": "a", "dimensions": "8"}),
            "dimensions",
        ),
    ];
    for (body, param) in cases {
        let refused = app.post(EMBEDDINGS, body.clone()).await;
        assert_eq!(refused.status(), 400, "{body}: {}", refused.text());
        assert_eq!(refused.json()["error"]["param"], param, "{body}");
    }
    let unknown = app
        .post(EMBEDDINGS, json!({"model": "nobody", "input": "a"}))
        .await
        .expect_status(404);
    assert_eq!(unknown.json()["error"]["param"], "model");
    assert_eq!(app.model().requests().len(), 0);
}

#[tokio::test]
async fn a_provider_that_fails_an_embedding_is_told_like_one_that_fails_a_chat() {
    let app = App::start().await;
    for (fault, status) in [
        ("500", 502),
        ("refuse_429", 429),
        ("401", 502),
        ("hang_up", 502),
        ("400", 400),
    ] {
        let body = json!({"model": "scripted-embed", "input": format!("[fault={fault}] tea")});
        let refused = app.post(EMBEDDINGS, body).await;
        assert_eq!(refused.status(), status, "{fault}: {}", refused.text());
        assert!(refused.json()["error"]["code"].is_string());
    }
}

#[tokio::test]
async fn embeddings_take_their_turn_among_all_calls() {
    let mut setup = Setup::default();
    setup.limits.model_calls_max = 1;
    let app = App::start_with(setup).await;
    let embed = || {
        app.post(
            EMBEDDINGS,
            json!({"model": "scripted-embed", "input": "tea"}),
        )
    };
    let long = app.post(CHAT, chat("[first_token_ms=500] reply exactly hi"));
    let refused = async {
        app.model().until_in_flight(1).await;
        embed().await
    };
    let (long, refused) = tokio::join!(long.into_future(), refused);
    long.expect_status(200);
    let refused = refused.expect_status(429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(app.model().requests().len(), 1);
    for _ in 0..2 {
        embed().await.expect_status(200);
    }
}
