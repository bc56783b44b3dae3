//! What a response may be asked with, and what not: nothing is written for what is refused.

use jan_tests::app::App;
use jan_tests::given::{MODEL, with};
use serde_json::{Value, json};

use super::responses::{RESPONSES, output_text, response};

/// Fields that spoil a good body, with the status, the field and the code of the refusal.
fn refused(conversation: &Value) -> Vec<(Value, u16, &'static str, &'static str)> {
    vec![
        (json!({"model": "nobody"}), 404, "model", "model_not_found"),
        (json!({"input": 5}), 400, "input", "invalid_type"),
        (
            json!({"input": [{"role": "king", "content": "x"}]}),
            400,
            "input[0].role",
            "invalid_value",
        ),
        (
            json!({"previous_response_id": "resp_0"}),
            400,
            "previous_response_id",
            "previous_response_not_found",
        ),
        (
            json!({"previous_response_id": "nonsense"}),
            400,
            "previous_response_id",
            "previous_response_not_found",
        ),
        (
            json!({"conversation": "conv_0"}),
            404,
            "conversation",
            "not_found",
        ),
        (
            json!({"conversation": conversation, "previous_response_id": "resp_0"}),
            400,
            "previous_response_id",
            "invalid_value",
        ),
        (
            json!({"input": [{"type": "item_reference", "id": "msg_0"}]}),
            404,
            "input",
            "not_found",
        ),
        (
            json!({"input": [{"type": "function_call_output", "call_id": "c", "output": "x"}]}),
            400,
            "input",
            "invalid_value",
        ),
        (
            json!({"input": [{"type": "mcp_approval_response", "approval_request_id": "a", "approve": true}]}),
            400,
            "input",
            "invalid_value",
        ),
        (
            json!({"tools": [{"type": "mcp", "server_label": "jan", "server_url": "https://x"}]}),
            400,
            "tools[0].server_label",
            "invalid_value",
        ),
        (
            json!({"background": true, "store": false}),
            400,
            "store",
            "invalid_value",
        ),
        (json!({"input": "a\u{0}b"}), 400, "", "invalid_json"),
    ]
}

#[tokio::test]
async fn what_is_wrong_is_refused_at_its_field_and_leaves_nothing() {
    let app = App::start().await;
    let before = app.events().await.len();
    let known = app.post("/v1/conversations", json!({})).await.json();
    let written = app.events().await.len();
    assert_eq!(written, before + 1);
    for (fields, status, param, code) in refused(&known["id"]) {
        let body = with(response("hi"), fields);
        let refused = app.post(RESPONSES, body.clone()).await;
        let told = refused.clone().expect_status(status).json();
        let param = (!param.is_empty()).then_some(param);
        assert_eq!(told["error"]["param"].as_str(), param, "{body}: {told}");
        assert_eq!(told["error"]["code"], code, "{body}: {told}");
    }
    assert_eq!(app.events().await.len(), written);
}

#[tokio::test]
async fn what_we_do_not_know_is_accepted_named_and_never_forwarded() {
    let app = App::start().await;
    let body = with(
        response("hi"),
        json!({"sparkle": 1, "tools": [{"type": "teleport"}], "client_metadata": {"a": "b"}}),
    );
    let answer = app.post(RESPONSES, body).await.expect_status(200);
    let warned = answer.header("x-jan-warnings").unwrap();
    for word in ["sparkle", "client_metadata", "teleport"] {
        assert!(warned.contains(word), "{warned}");
    }
    let asked = app.model().requests();
    let asked = &asked.last().unwrap().body;
    for word in ["sparkle", "tools", "client_metadata"] {
        assert!(asked.get(word).is_none(), "{asked}");
    }
}

#[tokio::test]
async fn parameters_reach_the_model_in_chats_words() {
    let app = App::start().await;
    let schema =
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]});
    let body = json!({"model": MODEL, "input": "hi", "max_output_tokens": 50, "temperature": 0.5,
        "text": {"format": {"type": "json_schema", "name": "n", "schema": schema, "strict": true}}});
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    assert!(serde_json::from_str::<Value>(&output_text(&told)).unwrap()["n"].is_i64());
    let body = with(response("count to 50"), json!({"max_output_tokens": 3}));
    let told = app.post(RESPONSES, body).await.expect_status(200).json();
    assert_eq!(told["status"], "incomplete");
    assert_eq!(
        told["incomplete_details"],
        json!({"reason": "max_output_tokens"})
    );
    assert_eq!(told["output"][0]["status"], "incomplete");
}

#[tokio::test]
async fn a_request_repeated_under_its_key_is_one_response() {
    let app = App::start().await;
    for fields in [json!({}), json!({"background": true})] {
        let body = with(response("reply exactly once"), fields);
        let key = format!("key-{}", body.to_string().len());
        let first = app
            .post(RESPONSES, body.clone())
            .header("idempotency-key", &key)
            .await;
        let first = first.expect_status(200).json();
        let again = app
            .post(RESPONSES, body)
            .header("idempotency-key", &key)
            .await;
        let again = again.expect_status(200).json();
        assert_eq!(first["id"], again["id"]);
    }
}

#[tokio::test]
async fn an_item_of_an_earlier_response_can_be_referenced() {
    let app = App::start().await;
    let first = app
        .post(RESPONSES, response("reply exactly tea is green"))
        .await
        .json();
    let input = json!([{"type": "item_reference", "id": first["output"][0]["id"]},
        {"role": "user", "content": "echo prompt"}]);
    let told = app
        .post(RESPONSES, with(response(""), json!({"input": input})))
        .await;
    let told = told.expect_status(200).json();
    assert!(output_text(&told).contains("tea is green"), "{told}");
    let stranger = app.guest().await;
    let input = json!([{"type": "item_reference", "id": first["output"][0]["id"]}]);
    let refused = stranger
        .post(RESPONSES, with(response(""), json!({"input": input})))
        .await;
    refused.expect_status(404);
}

#[tokio::test]
async fn a_context_can_be_counted_and_compacted() {
    let app = App::start().await;
    let counted = app
        .post(
            &format!("{RESPONSES}/input_tokens"),
            response("four words of text"),
        )
        .await;
    let counted = counted.expect_status(200).json();
    assert_eq!(counted["object"], "response.input_tokens");
    assert!(counted["input_tokens"].as_u64().unwrap() > 3);
    let made = app
        .post(&format!("{RESPONSES}/compact"), response("hi"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(made["object"], "response.compaction");
    let output = made["output"].as_array().unwrap();
    assert_eq!(output.last().unwrap()["type"], "compaction");
    let mut input = output.clone();
    input.push(json!({"role": "user", "content": "echo prompt"}));
    let told = app
        .post(RESPONSES, with(response(""), json!({"input": input})))
        .await;
    let told = told.expect_status(200).json();
    assert!(
        output_text(&told).contains("A summary of the conversation"),
        "{told}"
    );
    app.post(&format!("{RESPONSES}/compact"), json!({"input": "hi"}))
        .await
        .expect_status(400);
}
