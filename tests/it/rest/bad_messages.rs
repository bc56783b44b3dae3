//! Messages and models that no call can have.

use jan_tests::app::App;
use jan_tests::given::{MODEL, chat, with};
use serde_json::{Value, json};

use super::CHAT;

fn user(content: impl Into<Value>) -> Value {
    let content = content.into();
    json!([{"role": "user", "content": content}])
}

fn image(url: impl Into<Value>) -> Value {
    let url = url.into();
    user(json!([{"type": "image_url", "image_url": {"url": url}}]))
}

/// Messages, and the field that is wrong with them.
fn wrong_messages() -> Vec<(Value, &'static str)> {
    vec![
        (json!([]), "messages"),
        (json!("hi"), "messages"),
        (json!({}), "messages"),
        (json!(5), "messages"),
        (json!(["hi"]), "messages[0]"),
        (json!([null]), "messages[0]"),
        (json!([["user", "hi"]]), "messages[0]"),
        (json!([[]]), "messages[0]"),
        (json!([{}]), "messages[0].role"),
        (json!([{"content": "hi"}]), "messages[0].role"),
        (json!([{"role": 5, "content": "hi"}]), "messages[0].role"),
        (
            json!([{"role": "pope", "content": "hi"}]),
            "messages[0].role",
        ),
        (
            json!([{"role": "function", "name": "f", "content": "hi"}]),
            "messages[0].role",
        ),
    ]
}

/// Contents, and the field that is wrong with them.
fn wrong_contents() -> Vec<(Value, &'static str)> {
    vec![
        (json!([{"role": "user"}]), "messages[0].content"),
        (user(json!(null)), "messages[0].content"),
        (user(json!(5)), "messages[0].content"),
        (user(json!({})), "messages[0].content"),
        (user(json!([])), "messages[0].content"),
        (user(json!(["hi"])), "messages[0].content[0]"),
        (user(json!([{}])), "messages[0].content[0]"),
        (user(json!([["text", "hi"]])), "messages[0].content[0]"),
        (user(json!([{"type": 5}])), "messages[0].content[0]"),
        (
            user(json!([{"type": "smell"}])),
            "messages[0].content[0].type",
        ),
        (
            user(json!([{"type": "text"}])),
            "messages[0].content[0].text",
        ),
        (
            user(json!([{"type": "text", "text": 5}])),
            "messages[0].content[0].text",
        ),
        (
            user(json!([{"type": "text", "text": "a"}, {"type": "text"}])),
            "messages[0].content[1].text",
        ),
        (
            user(json!([{"type": "image_url"}])),
            "messages[0].content[0].image_url.url",
        ),
        (image(json!(5)), "messages[0].content[0].image_url.url"),
        (
            user(json!([{"type": "image_url", "image_url": ["https://x/y"]}])),
            "messages[0].content[0].image_url.url",
        ),
        (
            image(json!("file:///etc/passwd")),
            "messages[0].content[0].image_url.url",
        ),
        (
            image(json!("data:text/html,x")),
            "messages[0].content[0].image_url.url",
        ),
    ]
}

/// Turns that lack something, and more than a call takes.
fn wrong_turns() -> Vec<(Value, &'static str)> {
    vec![
        (json!([{"role": "assistant"}]), "messages[0].content"),
        (
            json!([{"role": "assistant", "content": null, "tool_calls": []}]),
            "messages[0].content",
        ),
        (
            json!([{"role": "tool", "content": "x"}]),
            "messages[0].tool_call_id",
        ),
        (
            json!([{"role": "tool", "content": "x", "tool_call_id": 5}]),
            "messages[0].tool_call_id",
        ),
        (
            json!([{"role": "user", "content": "a"}, {"role": "user"}]),
            "messages[1].content",
        ),
        (
            Value::from(vec![json!({"role": "user", "content": "a"}); 10_001]),
            "messages",
        ),
        (
            user(Value::from(vec![
                json!({"type": "text", "text": "a"});
                1_001
            ])),
            "messages[0].content",
        ),
        (
            user(Value::from(vec![
                json!({"type": "image_url", "image_url": {"url": "https://x/y"}});
                21
            ])),
            "messages[0].content",
        ),
    ]
}

#[tokio::test]
async fn messages_that_no_model_could_read_are_refused_at_their_place() {
    let app = App::start().await;
    let before = app.events().await.len();
    for (messages, param) in [wrong_messages(), wrong_contents(), wrong_turns()].concat() {
        let shown: String = messages.to_string().chars().take(120).collect();
        let refused = app
            .post(CHAT, json!({"model": MODEL, "messages": messages}))
            .await;
        assert_eq!(refused.status(), 400, "{shown}: {}", refused.text());
        assert_eq!(refused.json()["error"]["param"], param, "{shown}");
    }
    assert_eq!(app.events().await.len(), before, "something was recorded");
    assert_eq!(app.model().requests().len(), 0, "the model was asked");
}

#[tokio::test]
async fn messages_at_their_limits_are_taken() {
    let app = App::start().await;
    for messages in [
        Value::from(vec![json!({"role": "user", "content": "bench"}); 10_000]),
        user(Value::from(vec![
            json!({"type": "text", "text": "bench"});
            1_000
        ])),
        user(
            json!([{"type": "text", "text": "bench"}, {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]),
        ),
        json!([{"role": "developer", "content": "be brief"}, {"role": "user", "content": "bench", "name": "ann"}]),
        json!([{"role": "user", "content": ""}]),
    ] {
        let answer = app
            .post(CHAT, json!({"model": MODEL, "messages": messages}))
            .await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn a_call_without_a_model_or_messages_is_told_what_is_missing() {
    let app = App::start().await;
    let before = app.events().await.len();
    let no_model = json!({"messages": user(json!("hi"))});
    for (body, param, code) in [
        (no_model.clone(), "model", "missing_required_parameter"),
        (
            with(no_model.clone(), json!({"model": null})),
            "model",
            "missing_required_parameter",
        ),
        (
            with(no_model.clone(), json!({"model": ""})),
            "model",
            "invalid_value",
        ),
        (
            with(no_model.clone(), json!({"model": 5})),
            "model",
            "invalid_type",
        ),
        (
            with(no_model, json!({"model": ["a"]})),
            "model",
            "invalid_type",
        ),
        (
            json!({"model": MODEL}),
            "messages",
            "missing_required_parameter",
        ),
        (
            json!({"model": MODEL, "messages": null}),
            "messages",
            "missing_required_parameter",
        ),
        (json!({}), "model", "missing_required_parameter"),
    ] {
        let refused = app.post(CHAT, body.clone()).await.expect_status(400).json();
        assert_eq!(refused["error"]["param"], param, "{body}");
        assert_eq!(refused["error"]["code"], code, "{body}");
    }
    for model in [
        "nobody",
        "Scripted-1",
        " scripted-1",
        "scripted-1\n",
        &"m".repeat(100_000),
        "\u{1F375}",
    ] {
        let body = with(chat("hi"), json!({"model": model}));
        let refused = app.post(CHAT, body).await.expect_status(404);
        assert_eq!(refused.json()["error"]["code"], "model_not_found");
        assert_eq!(refused.json()["error"]["param"], "model");
        assert!(refused.text().len() < 2_000, "the answer repeats all of it");
    }
    assert_eq!(app.events().await.len(), before);
    assert_eq!(app.model().requests().len(), 0);
}
