//! Chat completions that are streamed.

use insta::assert_json_snapshot;
use jan_tests::app::App;
use jan_tests::given::{chat, streamed, tool, with};
use serde_json::{Value, json};

use super::{CHAT, kinds_of, text_of};

#[tokio::test]
async fn a_stream_has_openais_chunks_in_openais_order() {
    let app = App::start().await;
    let body = with(
        streamed("reply exactly hi there"),
        json!({"stream_options": {"include_usage": true}}),
    );
    let answer = app.post(CHAT, body).await.expect_status(200);
    assert_eq!(
        answer.header("content-type"),
        Some("text/event-stream; charset=utf-8")
    );
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-accel-buffering"), Some("no"));
    assert_json_snapshot!(answer.sse(), {"[].id" => "[id]"});
}

#[tokio::test]
async fn all_chunks_bear_the_id_of_the_record() {
    let app = App::start().await;
    let chunks = app.post(CHAT, streamed("count to 5")).await.sse();
    let id = chunks[0]["id"].as_str().unwrap();
    assert!(id.starts_with("chatcmpl-"), "{id}");
    assert!(chunks.iter().all(|chunk| chunk["id"] == id));
    let recorded = app.events_of(id).await;
    assert_eq!(
        kinds_of(&recorded),
        ["ResponseRequested", "ResponseCompleted"]
    );
    let completed = app.until_recorded(id, "ResponseCompleted").await;
    let provider_id = completed["answer"]["provider_id"].as_str().unwrap();
    assert_ne!(provider_id, id);
}

#[tokio::test]
async fn a_stream_is_recorded_as_the_whole_answer_would_be() {
    let app = App::start().await;
    let prompts = [
        "reply exactly hi there",
        "think of leaves then reply tea",
        "count to 40",
    ];
    for prompt in prompts {
        let extra = json!({"logprobs": true, "n": 2, "tools": [tool("brew")]});
        let whole = app
            .post(CHAT, with(chat(prompt), extra.clone()))
            .await
            .json();
        let chunks = app.post(CHAT, with(streamed(prompt), extra)).await.sse();
        let whole = recorded_answer(&app, &whole).await;
        let stream = recorded_answer(&app, &chunks[0]).await;
        let plain = |answer: &Value| {
            let mut body = answer["body"].clone();
            for choice in body.as_array_mut().unwrap() {
                let message = choice["message"].as_object_mut().unwrap();
                message.retain(|name, value| !value.is_null() && name != "annotations");
                if let Some(logprobs) = choice["logprobs"].as_object_mut() {
                    logprobs.retain(|_, value| !value.is_null());
                }
            }
            body
        };
        assert_eq!(plain(&stream), plain(&whole));
    }
}

async fn recorded_answer(app: &App, told: &Value) -> Value {
    let id = told["id"].as_str().unwrap();
    let completed = app.until_recorded(id, "ResponseCompleted").await;
    completed["answer"].clone()
}

#[tokio::test]
async fn usage_is_told_only_to_who_asks_and_recorded_always() {
    let app = App::start().await;
    for options in [json!(null), json!({"include_usage": false}), json!({})] {
        let body = with(streamed("count to 3"), json!({"stream_options": options}));
        let chunks = app.post(CHAT, body).await.expect_status(200).sse();
        assert!(
            chunks.iter().all(|chunk| chunk["usage"].is_null()),
            "{chunks:?}"
        );
        assert!(
            chunks.iter().all(|chunk| chunk["choices"] != json!([])),
            "{chunks:?}"
        );
        let id = chunks[0]["id"].as_str().unwrap();
        let completed = app.until_recorded(id, "ResponseCompleted").await;
        assert_eq!(completed["usage"]["output_tokens"], 3);
    }
}

#[tokio::test]
async fn calls_of_tools_are_streamed_in_fragments_and_recorded_whole() {
    let app = App::start().await;
    let prompt = "call tool brew with {\"text\":\"green\"}\ncall tool pour with {\"text\":\"now\"}";
    let body = with(
        streamed(prompt),
        json!({"tools": [tool("brew"), tool("pour")]}),
    );
    let chunks = app.post(CHAT, body).await.expect_status(200).sse();
    let mut arguments = [String::new(), String::new()];
    for chunk in &chunks {
        for call in chunk["choices"][0]["delta"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            arguments[index] += call["function"]["arguments"].as_str().unwrap();
        }
    }
    assert_eq!(arguments, [r#"{"text":"green"}"#, r#"{"text":"now"}"#]);
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0]["finish_reason"], "tool_calls");
    let recorded = recorded_answer(&app, &chunks[0]).await;
    assert_json_snapshot!(recorded["body"][0], {".message.tool_calls[].id" => "[call]"}, @r#"
    {
      "finish_reason": "tool_calls",
      "index": 0,
      "logprobs": null,
      "message": {
        "content": null,
        "refusal": null,
        "role": "assistant",
        "tool_calls": [
          {
            "function": {
              "arguments": "{\"text\":\"green\"}",
              "name": "brew"
            },
            "id": "[call]",
            "type": "function"
          },
          {
            "function": {
              "arguments": "{\"text\":\"now\"}",
              "name": "pour"
            },
            "id": "[call]",
            "type": "function"
          }
        ]
      }
    }
    "#);
}

#[tokio::test]
async fn a_stream_of_several_answers_ends_when_all_have_finished() {
    let app = App::start().await;
    let body = with(streamed("count to 3"), json!({"n": 3}));
    let chunks = app.post(CHAT, body).await.expect_status(200).sse();
    for place in 0..3 {
        assert_eq!(text_of(&chunks, place), "1 2 3");
        let finished = chunks
            .iter()
            .flat_map(|chunk| chunk["choices"].as_array().unwrap());
        let finished =
            finished.filter(|choice| choice["index"] == place && choice["finish_reason"] == "stop");
        assert_eq!(finished.count(), 1);
    }
}

#[tokio::test]
async fn a_stream_follows_a_json_schema_and_stops_where_it_is_told() {
    let app = App::start().await;
    let schema = json!({"type": "object", "properties": {"cups": {"type": "integer"}}, "required": ["cups"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "tea", "schema": schema}});
    let chunks = app
        .post(
            CHAT,
            with(streamed("how many?"), json!({"response_format": format})),
        )
        .await
        .sse();
    let told: Value = serde_json::from_str(&text_of(&chunks, 0)).unwrap();
    assert!(told["cups"].is_i64(), "{told}");

    let chunks = app
        .post(CHAT, with(streamed("count to 9"), json!({"stop": [" 4"]})))
        .await
        .sse();
    assert_eq!(text_of(&chunks, 0), "1 2 3");
}

#[tokio::test]
async fn log_probabilities_and_thoughts_pass_through_a_stream() {
    let app = App::start().await;
    let body = with(
        streamed("think of leaves then reply tea"),
        json!({"logprobs": true, "top_logprobs": 1}),
    );
    let chunks = app.post(CHAT, body).await.expect_status(200).sse();
    let thought: String = chunks
        .iter()
        .filter_map(|chunk| chunk["choices"][0]["delta"]["reasoning_content"].as_str())
        .collect();
    assert_eq!(thought, "of leaves");
    let tokens = chunks
        .iter()
        .filter(|chunk| chunk["choices"][0]["logprobs"]["content"].is_array());
    assert!(tokens.count() > 0);
}

#[tokio::test]
async fn a_provider_that_leaves_out_the_end_or_fills_in_nulls_is_understood() {
    let app = App::start().await;
    for fault in ["no_done", "null_fields"] {
        let chunks = app
            .post(CHAT, streamed(&format!("[fault={fault}] count to 3")))
            .await
            .sse();
        assert_eq!(text_of(&chunks, 0), "1 2 3", "{fault}");
        let id = chunks[0]["id"].as_str().unwrap();
        app.until_recorded(id, "ResponseCompleted").await;
    }
}
