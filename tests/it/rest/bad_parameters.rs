//! Every parameter of a chat call with values it cannot have, and with those at its limits.

use jan_tests::app::App;
use jan_tests::given::{chat, tool, with};
use serde_json::{Value, json};

use super::CHAT;

/// A parameter, values of a wrong type or beyond its limits, and values at its limits.
type Row = (&'static str, Value, Value);

/// Everything that is not of one of the named JSON types.
fn not(types: &[&str]) -> Vec<Value> {
    let all = [
        ("boolean", json!(true)),
        ("number", json!(7)),
        ("fraction", json!(0.5)),
        ("text", json!("no")),
        ("list", json!([])),
        ("object", json!({})),
    ];
    let wrong = all.into_iter().filter(|(name, _)| !types.contains(name));
    wrong.map(|(_, value)| value).collect()
}

fn row(
    name: &'static str,
    types: &[&str],
    wrong: impl Into<Value>,
    right: impl Into<Value>,
) -> Row {
    let mut values = not(types);
    let wrong = wrong.into();
    values.extend(wrong.as_array().unwrap().iter().cloned());
    (name, Value::from(values), right.into())
}

fn numbers() -> Vec<Row> {
    let penalties = ["frequency_penalty", "presence_penalty"];
    let mut rows: Vec<Row> = penalties
        .map(|name| {
            row(
                name,
                &["number", "fraction"],
                json!([-2.01, 2.01, 1e300]),
                json!([-2, 2, 0, 1.5]),
            )
        })
        .into();
    let number = ["number", "fraction"];
    rows.extend([
        row(
            "temperature",
            &number,
            json!([-0.01, 2.01]),
            json!([0, 2, 0.7]),
        ),
        row("top_p", &number, json!([-0.01, 1.01]), json!([0, 1, 1.0])),
        row("n", &["number"], json!([0, 129, -1, 1.0]), json!([1, 128])),
        row(
            "seed",
            &["number"],
            json!([1e30, 9_223_372_036_854_775_808_u64]),
            json!([0, -1, i64::MAX, i64::MIN]),
        ),
        row("top_logprobs", &["number"], json!([-1, 21]), json!([0, 20])),
        row(
            "max_tokens",
            &["number"],
            json!([0, -1, 10_000_001]),
            json!([1, 10_000_000]),
        ),
        row(
            "max_completion_tokens",
            &["number"],
            json!([0, -1, 10_000_001]),
            json!([1, 10_000_000]),
        ),
    ]);
    rows
}

fn words() -> Vec<Row> {
    let efforts = json!(["none", "minimal", "low", "medium", "high", "xhigh", "max"]);
    let tiers = json!(["auto", "default", "flex", "scale", "priority"]);
    let text = |most: usize| json!(["", "x", "é".repeat(most)]);
    let longer = |most: usize| json!(["é".repeat(most + 1)]);
    vec![
        row(
            "reasoning_effort",
            &["text"],
            json!(["most", "", "Low"]),
            efforts,
        ),
        row(
            "verbosity",
            &["text"],
            json!(["loud"]),
            json!(["low", "medium", "high"]),
        ),
        row("service_tier", &["text"], json!(["free"]), tiers),
        row(
            "prompt_cache_retention",
            &["text"],
            json!(["forever"]),
            json!(["in_memory", "24h"]),
        ),
        row("safety_identifier", &["text"], longer(64), text(64)),
        row("prompt_cache_key", &["text"], longer(1024), text(1024)),
        row("user", &["text"], longer(512), text(512)),
    ]
}

fn switches() -> Vec<Row> {
    let names = [
        "logprobs",
        "parallel_tool_calls",
        "store",
        "store_reasoning",
        "stream",
    ];
    names
        .map(|name| row(name, &["boolean"], json!([]), json!([false])))
        .into()
}

fn structures() -> Vec<Row> {
    let objects = [
        "audio",
        "prediction",
        "web_search_options",
        "moderation",
        "prompt_cache_options",
        "stream_options",
    ];
    let mut rows: Vec<Row> = objects
        .map(|name| row(name, &["object"], json!([]), json!([{}])))
        .into();
    let many = |count: usize| Value::from(vec![json!("x"); count]);
    let pairs =
        |count: usize| Value::Object((0..count).map(|n| (format!("k{n}"), json!("v"))).collect());
    let pair = |key: usize, value: usize| json!({"k".repeat(key): "v".repeat(value)});
    rows.extend([
        row(
            "stop",
            &["text"],
            json!([[1], many(5), "x".repeat(1025)]),
            json!(["x", ["x"], many(4)]),
        ),
        row(
            "modalities",
            &["list"],
            json!([["text", "video"], [1]]),
            json!([["text"], ["text", "audio"]]),
        ),
        row(
            "metadata",
            &["object"],
            json!([{"a": 1}, {"a": null}, pairs(17), pair(65, 1), pair(1, 513)]),
            json!([{}, pairs(16), pair(64, 512)]),
        ),
        row(
            "logit_bias",
            &["object"],
            json!([{"1": -101}, {"1": 101}, {"1": "x"}]),
            json!([{}, {"1": -100, "2": 100}]),
        ),
        row(
            "functions",
            &["list"],
            json!([Value::from(vec![tool("f"); 129])]),
            json!([[{"name": "f"}]]),
        ),
        row(
            "function_call",
            &["text", "object"],
            json!([]),
            json!(["none", {"name": "f"}]),
        ),
        row(
            "tool_choice",
            &["text", "object"],
            json!([]),
            json!(["none"]),
        ),
        row(
            "conversation",
            &["text", "object"],
            json!([{"id": 5}, "no such id", "conv_!", {"id": "x"}]),
            json!([{}]),
        ),
    ]);
    rows
}

fn tools() -> Vec<Row> {
    let named = |name: &str| json!([tool(name)]);
    vec![
        row(
            "tools",
            &[],
            json!([
                [1], [{}], [{"type": "function"}], [{"type": "telepathy"}], [{"type": "function", "function": {}}],
                [{"type": "function", "function": {"name": 5}}], named(""), named("a b"), named(&"n".repeat(65)),
                Value::from(vec![tool("f"); 129]), [{"type": "custom"}], [{"type": "custom", "custom": {"name": "é"}}],
            ]),
            json!([named(&"n".repeat(64)), Value::from(vec![tool("f"); 128])]),
        ),
        row(
            "response_format",
            &[],
            json!([
                {"type": "xml"}, {"type": 5}, {"type": "json_schema"}, {"type": "json_schema", "json_schema": 5},
                {"type": "json_schema", "json_schema": {}}, {"type": "json_schema", "json_schema": {"name": "a b"}},
            ]),
            json!([{"type": "text"}, {"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}]),
        ),
    ]
}

fn rows() -> Vec<Row> {
    [numbers(), words(), switches(), structures(), tools()].concat()
}

#[test]
fn the_table_knows_every_parameter_of_the_api_document() {
    let mut named: Vec<_> = rows().iter().map(|(name, ..)| *name).collect();
    named.sort_unstable();
    let published = [
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "metadata",
        "modalities",
        "moderation",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    ];
    for name in published {
        assert!(named.contains(&name), "{name} has no row");
    }
}

#[tokio::test]
async fn a_parameter_with_a_value_it_cannot_have_is_refused_by_name() {
    let app = App::start().await;
    let before = app.events().await.len();
    for (name, wrong, _) in rows() {
        for value in wrong.as_array().unwrap() {
            for stream in [false, true] {
                let body = with(chat("hi"), json!({"stream": stream}));
                let body = with(body, json!({name: value}));
                let refused = app.post(CHAT, body).await;
                assert_eq!(
                    refused.status(),
                    400,
                    "{name} = {value}: {}",
                    refused.text()
                );
                let error = refused.json()["error"].clone();
                let param = error["param"].as_str().unwrap_or_default();
                let at = param.strip_prefix(name).unwrap_or("!");
                assert!(
                    at.is_empty() || at.starts_with(['.', '[']),
                    "{name} = {value}: {error}"
                );
                assert_eq!(error["type"], "invalid_request_error", "{name} = {value}");
            }
        }
    }
    assert_eq!(app.events().await.len(), before, "something was recorded");
    assert_eq!(app.model().requests().len(), 0, "the model was asked");
}

#[tokio::test]
async fn a_parameter_at_its_limit_is_taken() {
    let app = App::start().await;
    for (name, _, right) in rows() {
        for value in right.as_array().unwrap() {
            let body = with(chat("bench"), json!({name: value}));
            let answer = app.post(CHAT, body).await;
            assert_eq!(answer.status(), 200, "{name} = {value}: {}", answer.text());
        }
        let nothing = with(chat("bench"), json!({name: null}));
        let answer = app.post(CHAT, nothing).await;
        assert_eq!(answer.status(), 200, "{name} = null: {}", answer.text());
    }
}
