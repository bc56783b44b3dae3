//! Bodies that are no JSON, too much, or more than we can keep; on every route that reads one.

use http::Method;
use jan_tests::app::{App, Setup};
use jan_tests::given::MODEL;
use jan_tests::request::Client;
use serde_json::json;

use super::CHAT;

const NOWHERE: &str = "00000000000000000000000000000000";

/// Every route that reads a body.
async fn routes(app: &App) -> Vec<(Method, String)> {
    let begun = app
        .post("/v1/conversations", json!({}))
        .await
        .expect_status(200)
        .json();
    let conversation = format!("/v1/conversations/{}", begun["id"].as_str().unwrap());
    let kept =
        json!({"model": MODEL, "store": true, "messages": [{"role": "user", "content": "bench"}]});
    let kept = app.post(CHAT, kept).await.expect_status(200).json();
    vec![
        (Method::POST, CHAT.to_owned()),
        (Method::POST, "/v1/embeddings".to_owned()),
        (Method::POST, "/v1/conversations".to_owned()),
        (Method::POST, conversation.clone()),
        (Method::PATCH, conversation.clone()),
        (Method::POST, format!("{conversation}/items")),
        (
            Method::POST,
            format!("{CHAT}/{}", kept["id"].as_str().unwrap()),
        ),
        (Method::POST, "/auth/refresh-token".to_owned()),
    ]
}

fn broken() -> Vec<(&'static str, Vec<u8>)> {
    let mut cases: Vec<(&str, Vec<u8>)> = vec![
        ("half an object", b"{".to_vec()),
        ("a key alone", br#"{"model"}"#.to_vec()),
        ("single quotes", b"{'model': 'x'}".to_vec()),
        ("a comment", b"{/* no */}".to_vec()),
        ("a trailing comma", br#"{"model": "x",}"#.to_vec()),
        ("NaN", br#"{"temperature": NaN}"#.to_vec()),
        (
            "a number without bounds",
            br#"{"temperature": 1e999}"#.to_vec(),
        ),
        ("a control character", b"{\"model\": \"a\x01b\"}".to_vec()),
        ("no UTF-8", b"{\"model\": \"\xff\xfe\"}".to_vec()),
        (
            "UTF-16",
            "{}".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        ("a NUL", br#"{"model": "a\u0000b"}"#.to_vec()),
        ("a NUL in a key", br#"{"a\u0000b": 1}"#.to_vec()),
        ("half a surrogate pair", br#"{"model": "\ud83c"}"#.to_vec()),
        ("the other half", br#"{"model": "\udf75 \ud83c"}"#.to_vec()),
        ("a list", b"[]".to_vec()),
        ("a text", br#""hi""#.to_vec()),
        ("a number", b"5".to_vec()),
        ("a boolean", b"true".to_vec()),
    ];
    let deep = |open: &str, close: &str, levels: usize| {
        format!(
            "{{\"messages\":{}{}}}",
            open.repeat(levels),
            close.repeat(levels)
        )
        .into_bytes()
    };
    cases.push(("200 lists deep", deep("[", "]", 200)));
    cases.push(("200 objects deep", deep("{\"a\":", "}", 200)));
    cases.push((
        "10000 deep, unclosed",
        format!("{{\"metadata\":{}", "[".repeat(10_000)).into_bytes(),
    ));
    cases
}

#[tokio::test]
async fn what_is_no_json_or_cannot_be_kept_is_refused_everywhere() {
    let app = App::start().await;
    let routes = routes(&app).await;
    let before = app.events().await.len();
    for (method, path) in &routes {
        for (what, body) in broken() {
            let refused = app.raw(method.clone(), path).body(body).await;
            let status = refused.status();
            assert!(
                matches!(status, 400 | 401),
                "{what} to {path}: {status} {}",
                refused.text()
            );
            let error = refused.json()["error"].clone();
            assert_eq!(error["type"], "invalid_request_error", "{what} to {path}");
        }
    }
    assert_eq!(app.events().await.len(), before, "something was recorded");
}

#[tokio::test]
async fn junk_after_the_json_is_taken_where_a_client_in_the_wild_sends_it() {
    let app = App::start().await;
    let chat = format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"bench"}}]}}"#);
    for junk in ["}", "{}", " garbage", "\n{\"a\":1}", "]"] {
        let post = |path: &str, body: String| app.raw(Method::POST, path).body(body);
        let chat = format!("{chat}{junk}");
        let refused = post(CHAT, chat.clone()).await.expect_status(400);
        assert_eq!(refused.json()["error"]["code"], "invalid_json", "{junk:?}");
        post(
            "/v1/embeddings",
            format!(r#"{{"model":"scripted-embed","input":"a"}}{junk}"#),
        )
        .await
        .expect_status(400);
        post(&format!("/llm{CHAT}"), chat).await.expect_status(200);
        let begun = post("/v1/conversations", format!("{{}}{junk}"))
            .await
            .expect_status(200)
            .json();
        let path = format!("/v1/conversations/{}/items", begun["id"].as_str().unwrap());
        let items = format!(r#"{{"items":[{{"role":"user","content":"a"}}]}}{junk}"#);
        post(&path, items).await.expect_status(200);
    }
    for blank in [" ", "\n", "\r\n\t "] {
        app.raw(Method::POST, CHAT)
            .body(format!("{blank}{chat}{blank}"))
            .await
            .expect_status(200);
    }
}

#[tokio::test]
async fn nesting_has_a_limit_and_brackets_in_texts_are_no_nesting() {
    let app = App::start().await;
    let schema = |levels: usize| {
        let deep = format!(
            "{}{}",
            "{\"a\":".repeat(levels),
            "{}".to_owned() + &"}".repeat(levels)
        );
        format!(
            r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"bench"}}],"tools":[{{"type":"function","function":{{"name":"f","parameters":{deep}}}}}]}}"#
        )
    };
    app.raw(Method::POST, CHAT)
        .body(schema(80))
        .await
        .expect_status(200);
    let refused = app
        .raw(Method::POST, CHAT)
        .body(schema(126))
        .await
        .expect_status(400);
    assert_eq!(refused.json()["error"]["code"], "invalid_json");
    let text = "[{".repeat(500);
    let body =
        format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"bench {text}"}}]}}"#);
    app.raw(Method::POST, CHAT)
        .body(body)
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_body_has_a_size() {
    let mut setup = Setup::default();
    setup.limits.body_bytes_max = 10_000;
    let app = App::start_with(setup).await;
    let before = app.events().await.len();
    let padded = |bytes: usize| {
        let start = format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"bench "#);
        let end = r#""}]}"#;
        format!(
            "{start}{}{end}",
            "x".repeat(bytes - start.len() - end.len())
        )
    };
    for extra in [1, 90_000] {
        for key in [None, Some("k")] {
            let request = app.raw(Method::POST, CHAT).body(padded(10_000 + extra));
            let request = match key {
                Some(key) => request.header("idempotency-key", key),
                None => request,
            };
            let refused = request.await.expect_status(413);
            assert_eq!(refused.json()["error"]["code"], "request_too_large");
        }
    }
    assert_eq!(app.events().await.len(), before);
    app.raw(Method::POST, CHAT)
        .body(padded(10_000))
        .await
        .expect_status(200);
}

#[tokio::test]
async fn a_body_is_said_to_be_json_or_nothing_is_said() {
    let app = App::start().await;
    let body =
        json!({"model": MODEL, "messages": [{"role": "user", "content": "bench"}]}).to_string();
    let said = |kind: Option<&str>| {
        let request = app
            .raw(Method::POST, CHAT)
            .body(body.clone())
            .without("content-type");
        match kind {
            Some(kind) => request.header("content-type", kind),
            None => request,
        }
    };
    for taken in [
        None,
        Some("application/json"),
        Some("Application/JSON; charset=utf-8"),
    ] {
        said(taken).await.expect_status(200);
    }
    for refused in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "",
    ] {
        let refused = said(Some(refused)).await.expect_status(415);
        assert_eq!(refused.json()["error"]["code"], "unsupported_media_type");
    }
    let zipped = said(Some("application/json"))
        .header("content-encoding", "gzip")
        .await;
    zipped.expect_status(415);
    said(None)
        .header("content-encoding", "identity")
        .await
        .expect_status(200);
}

#[tokio::test]
async fn what_is_not_there_is_not_found_in_openais_shape() {
    let app = App::start().await;
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v1/nowhere",
        "/v1/chat",
        "/v2/models",
        "/V1/models",
        "/v1/models/../../etc/passwd",
        "/%00",
        "/v1//models",
    ] {
        let refused = app.get(path).await;
        assert_eq!(refused.status(), 404, "{path}: {}", refused.text());
        let error = refused.json()["error"].clone();
        assert_eq!(error["type"], "invalid_request_error", "{path}");
        assert!(
            matches!(
                error["code"].as_str(),
                Some("unknown_url" | "model_not_found")
            ),
            "{path}: {error}"
        );
    }
    let long = format!("/{}", "a".repeat(9_000));
    app.get(&long).await.expect_status(400);
}

#[tokio::test]
async fn a_method_that_a_route_does_not_have_is_refused() {
    let app = App::start().await;
    for (method, path) in [
        (Method::GET, "/v1/embeddings"),
        (Method::PUT, "/v1/conversations"),
        (Method::DELETE, "/v1/models"),
        (Method::POST, "/healthz"),
        (Method::PATCH, "/auth/me"),
        (Method::TRACE, "/v1/models"),
    ] {
        let refused = app.raw(method.clone(), path).await;
        assert_eq!(refused.status(), 405, "{method} {path}: {}", refused.text());
        assert_eq!(refused.json()["error"]["code"], "method_not_allowed");
    }
}

#[tokio::test]
async fn ids_of_nothing_and_of_others_answer_alike() {
    let app = App::start().await;
    let stranger = app.guest().await;
    let conversation = stranger.post("/v1/conversations", json!({})).await.json();
    let kept =
        json!({"model": MODEL, "store": true, "messages": [{"role": "user", "content": "bench"}]});
    let kept = stranger.post(CHAT, kept).await.json();
    let theirs = (
        conversation["id"].as_str().unwrap(),
        kept["id"].as_str().unwrap(),
    );
    let nobodys = (&*format!("conv_{NOWHERE}"), &*format!("chatcmpl-{NOWHERE}"));
    let before = app.events().await.len();
    let mut answers = [theirs, nobodys].map(|_| Vec::new());
    for (ids, told) in [theirs, nobodys].into_iter().zip(&mut answers) {
        for (method, path) in by_id(ids) {
            let answer = asked(&app, method, &path).await;
            told.push(
                answer
                    .replace(ids.0, "CONVERSATION")
                    .replace(ids.1, "COMPLETION"),
            );
        }
    }
    assert_eq!(answers[0], answers[1]);
    assert!(
        answers[0].iter().all(|answer| answer.starts_with("404")),
        "{answers:?}"
    );
    assert_eq!(app.events().await.len(), before);
}

fn by_id((conversation, completion): (&str, &str)) -> Vec<(Method, String)> {
    let conversation = format!("/v1/conversations/{conversation}");
    let completion = format!("{CHAT}/{completion}");
    vec![
        (Method::GET, conversation.clone()),
        (Method::POST, conversation.clone()),
        (Method::PATCH, conversation.clone()),
        (Method::DELETE, conversation.clone()),
        (Method::GET, format!("{conversation}/items")),
        (Method::GET, format!("{conversation}/items/msg_{NOWHERE}")),
        (
            Method::DELETE,
            format!("{conversation}/items/msg_{NOWHERE}"),
        ),
        (Method::GET, completion.clone()),
        (Method::POST, completion.clone()),
        (Method::DELETE, completion.clone()),
        (Method::GET, format!("{completion}/messages")),
    ]
}

async fn asked(client: &Client, method: Method, path: &str) -> String {
    let answer = client
        .raw(method, path)
        .json(&json!({"metadata": {}}))
        .await;
    format!("{} {}", answer.status(), answer.text())
}
