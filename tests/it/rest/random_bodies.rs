//! Whatever JSON comes, a chat call ends soon, and never because we broke.

use std::time::Duration;

use jan_tests::app::App;
use jan_tests::given::MODEL;
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::CHAT;

/// Tries of one run; two of three bodies are near enough to a call to get far.
const TRIES: usize = 300;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[\\PC\u{0}-\u{1f}]{0,12}".prop_map(Value::from),
        prop_oneof![
            "bench",
            "auto",
            "user",
            "assistant",
            "text",
            "function",
            "json_schema"
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let key = prop_oneof![
            "[a-z_]{1,8}",
            "role",
            "content",
            "type",
            "id",
            "name",
            "function",
            "url"
        ];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(key, inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A call that would be answered, but for some fields that are replaced.
fn nearly_a_call() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        "messages",
        "model",
        "stream",
        "n",
        "stop",
        "tools",
        "tool_choice",
        "response_format",
        "conversation",
        "metadata",
        "store",
        "logit_bias",
        "stream_options",
        "max_tokens",
        "temperature",
        "seed",
        "user",
    ];
    btree_map(names, value(), 0..3).prop_map(|replaced| {
        let mut body = Map::new();
        body.insert("model".to_owned(), json!(MODEL));
        body.insert(
            "messages".to_owned(),
            json!([{"role": "user", "content": "bench"}]),
        );
        body.extend(replaced);
        Value::Object(body)
    })
}

fn messages() -> impl Strategy<Value = Value> {
    vec(value(), 0..4).prop_map(|messages| json!({"model": MODEL, "messages": messages}))
}

#[tokio::test]
async fn no_body_breaks_a_chat_call() {
    let app = App::start().await;
    let mut runner = TestRunner::default();
    let bodies = prop_oneof![value(), nearly_a_call(), messages()];
    let mut answered = 0;
    for _ in 0..TRIES {
        let body = bodies.new_tree(&mut runner).unwrap().current();
        let answer = timeout(Duration::from_secs(10), app.post(CHAT, body.clone())).await;
        let answer = answer.unwrap_or_else(|_| panic!("no answer to {body}"));
        let status = answer.status();
        assert!(
            matches!(status, 200 | 400 | 404),
            "{status} to {body}: {}",
            answer.text()
        );
        answered += usize::from(status == 200);
    }
    assert!(answered > TRIES / 20, "only {answered} bodies got far");
}
