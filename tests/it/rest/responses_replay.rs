//! Replays: told again from the record, which calls nothing, or made again beside it.

use jan_tests::app::App;
use jan_tests::given::with;
use serde_json::{Value, json};

use super::chat_conversations::items;
use super::conversations::{begun, param};
use super::kinds_of;
use super::responses::{RESPONSES, output_text, response};
use super::responses_tools::with_tools;

async fn made(app: &App, body: Value) -> Value {
    app.post(RESPONSES, body).await.expect_status(200).json()
}

fn id_of(told: &Value) -> &str {
    told["id"].as_str().unwrap()
}

fn replay_of(told: &Value) -> String {
    format!("{RESPONSES}/{}/replay", id_of(told))
}

#[tokio::test]
async fn a_replay_is_the_record_and_calls_nothing() {
    let app = App::start().await;
    let said = "call tool docs__echo with {\"text\": \"tea\"}";
    let told = made(&app, with_tools(said, "never")).await;
    let (called, asked) = (app.tools().ledger().entries().len(), app.model().served());
    let before = app.events().await.len();
    let replay = app.post(&replay_of(&told), json!({})).await;
    let replay = replay.expect_status(200).json();
    let frames = replay["frames"].as_array().unwrap();
    let log = app.events_of(id_of(&told)).await;
    assert_eq!(frames.len(), log.len());
    let mut output = 0;
    for (frame, event) in frames.iter().zip(&log) {
        assert_eq!(frame["event"], event.event_type.as_str());
        assert_eq!(
            (&frame["version"], &frame["position"]),
            (&json!(event.sequence), &json!(event.position))
        );
        assert!(frame["since_last_ms"].as_i64() <= frame["since_start_ms"].as_i64());
        output += frame["output_changed"].as_array().unwrap().len();
    }
    // The list and the call, each under way and done, and the words.
    assert_eq!(output, 5);
    assert_eq!(frames[0]["told"]["input"][0]["content"][0]["text"], said);
    assert_eq!(frames[5]["told"]["tool"], "echo");
    assert_eq!(frames[5]["told"]["arguments"], "{\"text\": \"tea\"}");
    assert_eq!(frames[6]["told"]["outcome"]["output"], "tea");
    assert_eq!(frames[8]["told"]["usage"], told["usage"]);
    let spent: i64 = frames
        .iter()
        .filter_map(|frame| frame["tokens_spent"].as_i64())
        .sum();
    assert_eq!(json!(spent), told["usage"]["total_tokens"]);
    assert_eq!(replay["totals"]["usage"], told["usage"]);
    assert_eq!(
        (&replay["totals"]["steps"], &replay["totals"]["tool_calls"]),
        (&json!(4), &json!(1))
    );
    assert_eq!(replay["status"], "completed");
    let part = app
        .post(&format!("{}?at_version=3", replay_of(&told)), json!({}))
        .await;
    assert_eq!(
        part.expect_status(200).json()["frames"].as_array().unwrap()[..],
        frames[..3]
    );
    assert_eq!(app.tools().ledger().entries().len(), called);
    assert_eq!(
        (app.model().served(), app.events().await.len()),
        (asked, before)
    );
}

#[tokio::test]
async fn a_replayed_stream_ends_like_the_original() {
    let app = App::start().await;
    let body = with_tools("call tool docs__echo with {\"text\": \"tea\"}", "never");
    let streamed = app
        .post(RESPONSES, with(body, json!({"stream": true})))
        .await;
    let first = streamed.expect_status(200).typed_sse();
    let told = &first.last().unwrap()["response"];
    let asked = app.model().served();
    let again = app
        .post(&replay_of(told), json!({}))
        .header("accept", "text/event-stream");
    let again = again.await.expect_status(200).typed_sse();
    assert_eq!(again.last().unwrap()["response"], *told);
    let done = |events: &[Value]| -> Vec<Value> {
        let done = events
            .iter()
            .filter(|event| event["type"] == "response.output_item.done");
        done.map(|event| event["item"].clone()).collect()
    };
    assert_eq!(done(&again), done(&first));
    assert_eq!(app.model().served(), asked);
}

#[tokio::test]
async fn a_response_made_again_is_compared_and_the_original_untouched() {
    let app = App::start().await;
    let said = "call tool docs__echo with {\"text\": \"tea\"}";
    let told = made(&app, with_tools(said, "never")).await;
    let before = app.events_of(id_of(&told)).await;
    let path = format!("{}?re_execute=true", replay_of(&told));
    let compared = app.post(&path, json!({})).await.expect_status(200).json();
    assert_eq!(app.tools().ledger().effects("echo"), 2);
    let second = &compared["re_executed"];
    assert_ne!(second["response_id"], told["id"]);
    assert_eq!(compared["original"]["response_id"], told["id"]);
    assert_eq!(second["output_text"], "tool said: tea");
    assert_eq!(
        second["tool_calls"],
        json!([
        {"server_label": "docs", "name": "echo", "arguments": {"text": "tea"}}])
    );
    assert_eq!(compared["diff"]["same_text"], true);
    assert_eq!(compared["diff"]["tool_calls"]["same"], true);
    assert_eq!(
        compared["diff"]["text"],
        json!([{"op": "equal", "text": "tool said: tea"}])
    );
    assert_eq!(compared["diff"]["usage"]["output_tokens"], 0);
    assert_eq!(app.events_of(id_of(&told)).await, before);
    let read = app
        .get(&format!(
            "{RESPONSES}/{}",
            second["response_id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(read.expect_status(200).json(), compared["response"]);
}

#[tokio::test]
async fn a_response_of_a_conversation_is_made_again_in_a_fork_of_what_it_knew() {
    let app = App::start().await;
    let id = begun(&app, json!({})).await;
    let ask = |said: &str| with(response(said), json!({"conversation": id}));
    made(&app, ask("remember that tea is green")).await;
    let told = made(&app, ask("what is tea?")).await;
    made(&app, ask("count messages")).await;
    let before = app.events_of(&id).await;
    let body = json!({"re_execute": true});
    let compared = app
        .post(&replay_of(&told), body.clone())
        .await
        .expect_status(200)
        .json();
    let fork = compared["fork"].as_str().unwrap();
    assert_eq!(output_text(&compared["response"]), "green");
    let held = items(&app, fork).await;
    assert_eq!(held.len(), 4);
    assert_eq!(held[..3], items(&app, &id).await[..3]);
    assert_eq!(app.events_of(&id).await, before);
    // What the conversation knew then is known after its end.
    app.delete(&format!("/v1/conversations/{id}"))
        .await
        .expect_status(200);
    let compared = app
        .post(&replay_of(&told), body)
        .await
        .expect_status(200)
        .json();
    assert_eq!(output_text(&compared["response"]), "green");
    // A chain is its own fork.
    let first = made(&app, response("remember that tea is black")).await;
    let chained = json!({"previous_response_id": first["id"]});
    let second = made(&app, with(response("what is tea?"), chained)).await;
    let compared = app
        .post(&replay_of(&second), json!({"re_execute": true}))
        .await;
    let compared = compared.expect_status(200).json();
    assert_eq!(compared["re_executed"]["output_text"], "black");
    assert_eq!(
        (
            &compared["fork"],
            &compared["response"]["previous_response_id"]
        ),
        (&Value::Null, &first["id"])
    );
}

#[tokio::test]
async fn what_changed_something_is_made_again_only_when_that_is_said() {
    let app = App::start().await;
    for (tool, arguments) in [("charge", "{\"amount\": 5}"), ("note", "{\"text\": \"a\"}")] {
        let said = format!("call tool docs__{tool} with {arguments}");
        let told = made(&app, with_tools(&said, "never")).await;
        let written = app.events().await.len();
        let refused = app
            .post(&replay_of(&told), json!({"re_execute": true}))
            .await;
        let refused = refused.expect_status(400);
        assert_eq!(param(&refused).as_deref(), Some("allow_unsafe_tools"));
        assert!(
            refused.json()["error"]["message"]
                .as_str()
                .unwrap()
                .contains(tool)
        );
        assert_eq!(app.tools().ledger().effects(tool), 1);
        assert_eq!(app.events().await.len(), written);
        let allowed = json!({"re_execute": true, "allow_unsafe_tools": true});
        app.post(&replay_of(&told), allowed)
            .await
            .expect_status(200);
        assert_eq!(app.tools().ledger().effects(tool), 2);
    }
    // What was only on offer is not on offer any more.
    let told = made(
        &app,
        with_tools("call tool docs__echo with {\"text\": \"x\"}", "never"),
    )
    .await;
    app.post(&replay_of(&told), json!({"re_execute": true}))
        .await
        .expect_status(200);
    let asked = app.model().requests().last().unwrap().body.clone();
    let names: Vec<_> = asked["tools"].as_array().unwrap().iter().collect();
    assert!(
        names
            .iter()
            .all(|tool| tool["function"]["name"] != "docs__charge"),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_wrong_replay_is_refused_and_somebody_elses_is_not_there() {
    let app = App::start().await;
    let told = made(&app, response("reply exactly hi")).await;
    let path = replay_of(&told);
    for (query, body, status, at) in [
        ("?re_execute=perhaps", json!({}), 400, Some("re_execute")),
        ("?at_version=9", json!({}), 400, Some("at_version")),
        ("?at_version=1", json!({"re_execute": true}), 400, None),
        ("", json!({"re_execute": "yes"}), 400, Some("re_execute")),
        (
            "",
            json!({"re_execute": true, "model": "nobody"}),
            404,
            Some("model"),
        ),
        (
            "",
            json!({"re_execute": true, "model": ""}),
            400,
            Some("model"),
        ),
    ] {
        let refused = app
            .post(&format!("{path}{query}"), body)
            .await
            .expect_status(status);
        assert_eq!(param(&refused).as_deref(), at, "{query}");
    }
    let stranger = app.guest().await;
    for body in [json!({}), json!({"re_execute": true})] {
        stranger.post(&path, body).await.expect_status(404);
    }
    assert_eq!(kinds_of(&app.events_of(id_of(&told)).await).len(), 2);
}
