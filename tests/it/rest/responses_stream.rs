//! Responses that are streamed.

use std::time::Duration;

use jan_tests::app::App;
use jan_tests::given::with;
use jan_tests::response_stream::{assert_well_formed, shape_of, words_of};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::responses::{RESPONSES, response};
use super::responses_tools::with_tools;

async fn streamed(app: &App, body: Value) -> Vec<Value> {
    let body = with(body, json!({"stream": true}));
    let answer = app.post(RESPONSES, body).await.expect_status(200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    answer.typed_sse()
}

#[tokio::test]
async fn a_text_is_told_in_openais_order() {
    let app = App::start().await;
    let events = streamed(&app, response("count to 30")).await;
    assert_well_formed(&events);
    assert_eq!(
        shape_of(&events),
        [
            "response.created",
            "response.in_progress",
            "response.output_item.added",
            "response.content_part.added",
            "response.output_text.delta",
            "response.output_text.done",
            "response.content_part.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
    assert!(words_of(&events).starts_with("1 2 3"));
    let last = events.last().unwrap();
    let id = last["response"]["id"].as_str().unwrap();
    let read = app.get(&format!("{RESPONSES}/{id}")).await.json();
    assert_eq!(read, last["response"]);
}

#[tokio::test]
async fn thoughts_and_calls_are_items_of_their_own() {
    let app = App::start().await;
    let events = streamed(&app, response("think of leaves then reply tea")).await;
    assert_well_formed(&events);
    assert!(shape_of(&events).contains(&"response.reasoning_text.delta"));
    let function = json!({"type": "function", "name": "brew", "parameters": {"type": "object"}});
    let body = with(
        response("call tool brew with {\"cups\": 2}"),
        json!({"tools": [function]}),
    );
    let events = streamed(&app, body).await;
    assert_well_formed(&events);
    assert_eq!(
        shape_of(&events)[2..],
        [
            "response.output_item.added",
            "response.function_call_arguments.delta",
            "response.function_call_arguments.done",
            "response.output_item.done",
            "response.completed",
        ]
    );
}

#[tokio::test]
async fn one_stream_tells_all_rounds_of_tools() {
    let app = App::start().await;
    let said = "call tool docs__echo with {\"text\": \"tea\"}\nthen call tool docs__add with {\"a\": 1, \"b\": 2}";
    let events = streamed(&app, with_tools(said, "never")).await;
    assert_well_formed(&events);
    let shape = shape_of(&events);
    assert_eq!(
        shape[2..15],
        [
            "response.output_item.added",
            "response.mcp_list_tools.in_progress",
            "response.mcp_list_tools.completed",
            "response.output_item.done",
            "response.output_item.added",
            "response.mcp_call.in_progress",
            "response.mcp_call_arguments.delta",
            "response.mcp_call_arguments.done",
            "response.mcp_call.completed",
            "response.output_item.done",
            "response.output_item.added",
            "response.mcp_call.in_progress",
            "response.mcp_call_arguments.delta",
        ]
    );
    assert!(!shape.iter().any(|name| name.contains("function_call")));
}

#[tokio::test]
async fn a_failure_is_an_error_and_then_a_failed_response() {
    let app = App::start().await;
    for fault in [
        "[fault=500] hi",
        "[fault=cut] count to 50",
        "[fault=garbage] count to 50",
    ] {
        let events = streamed(&app, response(fault)).await;
        let names: Vec<_> = shape_of(&events);
        assert_eq!(
            names[names.len() - 2..],
            ["error", "response.failed"],
            "{fault}"
        );
        let (error, last) = (&events[events.len() - 2], &events[events.len() - 1]);
        assert_eq!(
            error["error"]["message"],
            last["response"]["error"]["message"]
        );
        assert_eq!(last["response"]["status"], "failed");
    }
    let answer = app.post(RESPONSES, response("[fault=500] hi")).await;
    answer.expect_status(502);
}

#[tokio::test]
async fn a_client_that_leaves_stops_the_model_and_the_run() {
    let app = App::start().await;
    let live = app.live().await;
    let body = with(
        response("[frame_ms=20] count to 2000"),
        json!({"stream": true}),
    );
    let answer = live.post(RESPONSES, &body).await;
    app.model().until_in_flight(1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(answer);
    let noticed = timeout(Duration::from_secs(1), app.model().until_cancelled(1)).await;
    noticed.expect("the provider still works for nobody");
    let id = app.events().await[0].aggregate_id.clone();
    let id = if id.starts_with("resp_") {
        id
    } else {
        response_id(&app).await
    };
    let ending = app.until_recorded(&id, "ResponseIncomplete").await;
    assert_eq!(ending["reason"], "client_disconnected");
    let kept = &ending["answer"]["body"][0];
    assert_eq!(kept["status"], "incomplete", "{ending}");
}

#[tokio::test]
async fn a_client_that_leaves_without_a_stream_stops_it_too() {
    let app = App::start().await;
    let live = app.live().await;
    let body = response("[first_token_ms=60000] count to 9");
    let waiting = timeout(Duration::from_millis(400), live.post(RESPONSES, &body)).await;
    app.model().until_in_flight(1).await;
    drop(waiting);
    let noticed = timeout(Duration::from_secs(1), app.model().until_cancelled(1)).await;
    noticed.expect("the provider still works for nobody");
    let id = response_id(&app).await;
    app.until_recorded(&id, "ResponseIncomplete").await;
}

/// The one response on record.
async fn response_id(app: &App) -> String {
    let events = app.events().await;
    let first = events
        .iter()
        .find(|event| event.event_type == "ResponseRequested");
    first.unwrap().aggregate_id.clone()
}
