//! Responses under Jan's gateway prefix, in the shapes of its own response service.

use jan_tests::app::App;
use jan_tests::given::MODEL;
use serde_json::json;

const JAN: &str = "/responses/v1/responses";

#[tokio::test]
async fn jan_gets_a_text_and_the_deployments_own_tools() {
    let app = App::start().await;
    let body = json!({"model": MODEL, "system_prompt": "be brief",
        "input": [{"role": "user", "text": "call tool echo with {\"text\": \"tea\"}"}],
        "tool_choice": {"type": "auto"}});
    let told = app.post(JAN, body).await.expect_status(200).json();
    assert_eq!(told["output"], "tool said: tea");
    assert_eq!(
        (&told["object"], &told["status"], &told["system_prompt"]),
        (&json!("response"), &json!("completed"), &json!("be brief"))
    );
    let id = told["id"].as_str().unwrap();
    let read = app
        .get(&format!("{JAN}/{id}"))
        .await
        .expect_status(200)
        .json();
    let execution = &read["metadata"]["execution"];
    assert_eq!(
        (&execution["depth"], &execution["tool_calls"]),
        (&json!(1), &json!(1))
    );
    let items = app.get(&format!("{JAN}/{id}/input_items")).await.json();
    assert_eq!(items["data"][0]["role"], "user");
    let deleted = app
        .delete(&format!("{JAN}/{id}"))
        .await
        .expect_status(200)
        .json();
    assert_eq!(deleted["status"], "completed");
}

#[tokio::test]
async fn jans_stream_has_jans_events() {
    let app = App::start().await;
    let body = json!({"model": MODEL, "stream": true,
        "input": "call tool echo with {\"text\": \"tea\"}"});
    let answer = app.post(JAN, body).await.expect_status(200);
    let names: Vec<_> = answer
        .text()
        .lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .collect();
    let mut shape = names.clone();
    shape.dedup();
    assert_eq!(
        shape,
        [
            "response.created",
            "response.tool_call",
            "response.tool_result",
            "response.output_text.delta",
            "response.completed",
        ]
    );
    assert!(!answer.text().contains("[DONE]"));
}
