//! The prompt that goes with the resources.

use jan_tests::app::App;
use serde_json::json;

use super::{error_of, legacy, modern, names, result_of};

#[tokio::test]
async fn a_conversation_can_be_summed_up() {
    let app = App::start().await;
    let items = json!([{"type": "message", "role": "user", "content": "green tea"}]);
    let made = app
        .post("/v1/conversations", json!({ "items": items }))
        .await;
    let id = made.expect_status(200).json()["id"].clone();
    let listed = result_of(legacy(&app, "prompts/list", &json!({}))).await;
    assert_eq!(names(&listed["prompts"]), ["summarize_conversation"]);
    let params = json!({"name": "summarize_conversation", "arguments": {"conversation": id}});
    for request in [
        legacy(&app, "prompts/get", &params),
        modern(&app, "prompts/get", &params),
    ] {
        let told = result_of(request).await;
        let resource = &told["messages"][1]["content"]["resource"];
        assert!(
            resource["text"].as_str().unwrap().contains("green tea"),
            "{told}"
        );
    }
    let other = app.guest().await;
    error_of(legacy(&other, "prompts/get", &params)).await;
    for wrong in [
        json!({"name": "no_such"}),
        json!({"name": "summarize_conversation"}),
        json!({"name": "summarize_conversation", "arguments": {"conversation": 5}}),
    ] {
        let (code, _) = error_of(legacy(&app, "prompts/get", &wrong)).await;
        assert_eq!(code, -32602, "{wrong}");
    }
}
