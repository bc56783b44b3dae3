//! The scripted model over a real connection.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use futures::StreamExt;
use http::StatusCode;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{FAKE_KEY, Options, ScriptedModel};

const PATIENCE: Duration = Duration::from_secs(5);

fn client() -> Client {
    // A second test finds the provider already installed, which is as good.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(PATIENCE).build().unwrap()
}

fn prompt(text: &str, stream: bool) -> Value {
    json!({"model": "scripted-1", "stream": stream, "messages": [{"role": "user", "content": text}]})
}

async fn ask(model: &ScriptedModel, body: &Value) -> Response {
    let url = format!("{}/chat/completions", model.base_url());
    client().post(url).json(body).send().await.unwrap()
}

async fn ask_for_json(model: &ScriptedModel, text: &str) -> (StatusCode, Value) {
    let answer = ask(model, &prompt(text, false)).await;
    (answer.status(), answer.json().await.unwrap())
}

/// The `data:` lines of a stream, and whether it ended as HTTP says it should.
async fn stream_lines(model: &ScriptedModel, text: &str) -> (Vec<String>, bool) {
    let mut answer = ask(model, &prompt(text, true)).await.bytes_stream();
    let (mut text, mut whole) = (Vec::new(), true);
    while let Some(bytes) = answer.next().await {
        match bytes {
            Ok(bytes) => text.extend_from_slice(&bytes),
            Err(_) => whole = false,
        }
    }
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("data: "));
    (lines.map(str::to_owned).collect(), whole)
}

fn content_of(lines: &[String]) -> String {
    let chunks = lines
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    chunks
        .filter_map(|chunk| {
            chunk["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        })
        .collect()
}

#[tokio::test]
async fn a_stream_arrives_frame_by_frame_and_ends_with_done() {
    let model = ScriptedModel::start().await;
    let (lines, whole) = stream_lines(&model, "count to 5").await;
    assert!(whole);
    assert_eq!(content_of(&lines), "1 2 3 4 5");
    assert_eq!((lines.len(), lines.last().unwrap().as_str()), (8, "[DONE]"));
}

#[tokio::test]
async fn the_pace_of_the_prompt_is_kept() {
    let model = ScriptedModel::start().await;
    for stream in [true, false] {
        let begun = Instant::now();
        let text = "count to 5 [first_token_ms=40] [frame_ms=20]";
        ask(&model, &prompt(text, stream))
            .await
            .bytes()
            .await
            .unwrap();
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(120), "{took:?}");
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}

#[tokio::test]
async fn requests_are_recorded_up_to_the_limit() {
    let options = Options {
        requests_kept_max: 2,
        ..Options::default()
    };
    let model = ScriptedModel::start_with(options).await;
    for text in ["one", "two", "three"] {
        ask_for_json(&model, text).await;
    }
    let requests = model.requests();
    assert_eq!((requests.len(), model.served()), (2, 3));
    assert_eq!(requests[1].body["messages"][0]["content"], "three");
    assert_eq!(requests[1].path, "/v1/chat/completions");
    assert_eq!(requests[1].headers["content-type"], "application/json");
    model.forget_requests();
    assert!(model.requests().is_empty());
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let model = ScriptedModel::start().await;
    let mut ids = Vec::new();
    for text in ["bench", "bench", "bench [frame_ms=0]", "hello"] {
        let (status, body) = ask_for_json(&model, text).await;
        assert_eq!(status, StatusCode::OK);
        ids.push(body["id"].as_str().unwrap().to_owned());
    }
    let different: HashSet<_> = ids.iter().collect();
    assert_eq!(different.len(), 4, "{ids:?}");
}

#[tokio::test]
async fn the_short_and_the_long_way_of_bench_say_the_same() {
    let model = ScriptedModel::start().await;
    let (_, short) = ask_for_json(&model, "bench").await;
    let (_, long) = ask_for_json(&model, "bench [frame_ms=0]").await;
    assert_eq!(
        (&short["choices"], &short["usage"]),
        (&long["choices"], &long["usage"])
    );
    let (lines, _) = stream_lines(&model, "bench").await;
    assert_eq!(
        content_of(&lines),
        short["choices"][0]["message"]["content"]
    );
    assert_eq!(lines.len(), 67);
}

#[tokio::test]
async fn a_client_that_leaves_is_counted() {
    let model = ScriptedModel::start().await;
    for (stream, left) in [(true, 1), (false, 2)] {
        let body = prompt("[fault=stall] count to 9", stream);
        let leaving = timeout(Duration::from_millis(200), async {
            let mut answer = ask(&model, &body).await.bytes_stream();
            while answer.next().await.is_some() {}
        });
        assert!(leaving.await.is_err(), "a stalled answer does not end");
        timeout(PATIENCE, model.until_cancelled(left))
            .await
            .unwrap();
        timeout(PATIENCE, model.until_in_flight(0)).await.unwrap();
    }
    ask_for_json(&model, "hello").await;
    assert_eq!((model.cancelled(), model.in_flight()), (2, 0));
}

#[tokio::test]
async fn status_faults_have_openais_shape() {
    let model = ScriptedModel::start().await;
    for (fault, status, code) in [
        ("400", 400, json!("context_length_exceeded")),
        ("401", 401, json!("invalid_api_key")),
        ("refuse_429", 429, json!("rate_limit_exceeded")),
        ("500", 500, Value::Null),
        ("503", 503, json!("server_is_overloaded")),
    ] {
        let (answered, body) = ask_for_json(&model, &format!("hi [fault={fault}]")).await;
        assert_eq!((answered.as_u16(), &body["error"]["code"]), (status, &code));
        assert_eq!(body["error"].as_object().unwrap().len(), 4);
        let leaks = body["error"]["message"]
            .as_str()
            .unwrap()
            .contains(FAKE_KEY);
        assert_eq!(leaks, fault == "401");
    }
    let refused = ask(&model, &prompt("hi [fault=429] [retry_after_s=7]", true)).await;
    assert_eq!(refused.headers()["retry-after"], "7");
}

#[tokio::test]
async fn a_cut_ends_the_connection_after_what_was_sent() {
    let model = ScriptedModel::start().await;
    let (lines, whole) = stream_lines(&model, "count to 9 [fault=cut]").await;
    assert_eq!((content_of(&lines).as_str(), whole), ("1 2", false));
    let body = ask(&model, &prompt("count to 9 [fault=cut]", false)).await;
    assert!(body.bytes().await.is_err());
    let url = format!("{}/chat/completions", model.base_url());
    let hung_up = client()
        .post(url)
        .json(&prompt("[fault=hang_up]", false))
        .send()
        .await;
    assert!(hung_up.is_err());
    assert_eq!(model.cancelled(), 0, "the server cut these, no client left");
}

#[tokio::test]
async fn streams_can_carry_errors_garbage_and_floods() {
    let model = ScriptedModel::start().await;
    let (lines, _) = stream_lines(&model, "count to 9 [fault=error_chunk]").await;
    let error: Value = serde_json::from_str(&lines[3]).unwrap();
    assert_eq!(error["error"]["type"], "server_error");
    let (lines, _) = stream_lines(&model, "count to 9 [fault=garbage]").await;
    assert!(serde_json::from_str::<Value>(&lines[3]).is_err());
    let (lines, _) = stream_lines(&model, "count to 2 [fault=no_done]").await;
    assert!(lines.last().unwrap().contains("\"finish_reason\":\"stop\""));
    let (lines, whole) = stream_lines(&model, "hi [fault=flood]").await;
    assert!(whole && lines[1].len() > 12 * 1024 * 1024);
}

#[tokio::test]
async fn bodies_can_be_pages_or_broken() {
    let model = ScriptedModel::start().await;
    let page = ask(&model, &prompt("[fault=html]", true)).await;
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    let garbage = ask(&model, &prompt("[fault=garbage]", false)).await;
    assert!(garbage.json::<Value>().await.is_err());
    let begun = Instant::now();
    ask(
        &model,
        &prompt("[fault=slow_headers] [headers_ms=50]", true),
    )
    .await;
    assert!(begun.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn a_fault_with_a_key_happens_once() {
    let model = ScriptedModel::start().await;
    for expected in [500, 200, 200] {
        let (status, _) = ask_for_json(&model, "hi [fault_once=500:a]").await;
        assert_eq!(status.as_u16(), expected);
    }
    let (other, _) = ask_for_json(&model, "hi [fault_once=500:b]").await;
    assert_eq!(other.as_u16(), 500);
}

#[tokio::test]
async fn models_are_listed_and_unknown_ones_refused() {
    let model = ScriptedModel::start().await;
    let get = async |path: &str| {
        let answer = client()
            .get(format!("{}/{path}", model.base_url()))
            .send()
            .await
            .unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let (_, list) = get("models").await;
    let ids: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|model| &model["id"])
        .collect();
    assert_eq!(ids, ["scripted-1", "scripted-mini", "scripted-embed"]);
    assert_eq!(get("models/scripted-mini").await.1["object"], "model");
    let (status, unknown) = get("models/other").await;
    assert_eq!(
        (status, &unknown["error"]["code"]),
        (404, &json!("model_not_found"))
    );
    assert_eq!(get("nowhere").await.1["error"]["code"], "unknown_url");
    let body = json!({"model": "other", "messages": [{"role": "user", "content": "bench"}]});
    assert_eq!(ask(&model, &body).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let model = ScriptedModel::start().await;
    for (body, param) in [
        (
            json!({"model": "scripted-1", "messages": []}),
            json!("messages"),
        ),
        (
            json!({"messages": [{"role": "user", "content": "hi"}]}),
            json!("model"),
        ),
        (json!({"model": 7}), Value::Null),
        (prompt("[fault=unheard_of]", false), json!("messages")),
    ] {
        let answer = ask(&model, &body).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(
            answer.json::<Value>().await.unwrap()["error"]["param"],
            param
        );
    }
}

#[tokio::test]
async fn a_key_is_demanded_if_one_is_set() {
    let options = Options {
        api_key: Some("secret".to_owned()),
        ..Options::default()
    };
    let model = ScriptedModel::start_with(options).await;
    let (status, body) = ask_for_json(&model, "hi").await;
    assert_eq!(
        (status.as_u16(), &body["error"]["code"]),
        (401, &json!("invalid_api_key"))
    );
    let url = format!("{}/models", model.base_url());
    let answer = client()
        .get(url)
        .bearer_auth("secret")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_stopped_model_refuses_connections() {
    let model = ScriptedModel::start().await;
    let url = format!("http://{}/health", model.address());
    assert_eq!(
        client().get(&url).send().await.unwrap().status(),
        StatusCode::OK
    );
    model.stop().await;
    assert!(client().get(&url).send().await.unwrap_err().is_connect());
}
