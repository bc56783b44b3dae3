//! Chat completions that are streamed.

use std::time::Duration;

use insta::assert_json_snapshot;
use jan_tests::app::App;
use jan_tests::given::{chat, streamed, tool, with};
use serde_json::{Value, json};
use sqlx::Connection as _;

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
    assert_json_snapshot!(answer.sse(), {"[].id" => "[id]"}, @r#"
    [
      {
        "choices": [
          {
            "delta": {
              "content": "",
              "refusal": null,
              "role": "assistant"
            },
            "finish_reason": null,
            "index": 0,
            "logprobs": null
          }
        ],
        "created": 1767225600,
        "id": "[id]",
        "model": "scripted-1",
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
        "usage": null
      },
      {
        "choices": [
          {
            "delta": {
              "content": "hi"
            },
            "finish_reason": null,
            "index": 0,
            "logprobs": null
          }
        ],
        "created": 1767225600,
        "id": "[id]",
        "model": "scripted-1",
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
        "usage": null
      },
      {
        "choices": [
          {
            "delta": {
              "content": " there"
            },
            "finish_reason": null,
            "index": 0,
            "logprobs": null
          }
        ],
        "created": 1767225600,
        "id": "[id]",
        "model": "scripted-1",
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
        "usage": null
      },
      {
        "choices": [
          {
            "delta": {},
            "finish_reason": "stop",
            "index": 0,
            "logprobs": null
          }
        ],
        "created": 1767225600,
        "id": "[id]",
        "model": "scripted-1",
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
        "usage": null
      },
      {
        "choices": [],
        "created": 1767225600,
        "id": "[id]",
        "model": "scripted-1",
        "object": "chat.completion.chunk",
        "service_tier": "default",
        "system_fingerprint": "fp_scripted",
        "usage": {
          "completion_tokens": 2,
          "completion_tokens_details": {
            "accepted_prediction_tokens": 0,
            "audio_tokens": 0,
            "reasoning_tokens": 0,
            "rejected_prediction_tokens": 0
          },
          "prompt_tokens": 4,
          "prompt_tokens_details": {
            "audio_tokens": 0,
            "cached_tokens": 0
          },
          "total_tokens": 6
        }
      }
    ]
    "#);
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

#[tokio::test]
async fn nothing_is_answered_before_the_question_is_on_record() {
    let app = App::start().await;
    let live = app.live().await;
    let mut session = app.pool().acquire().await.unwrap();
    let mut lock = session.begin().await.unwrap();
    sqlx::query("lock table events in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let body = streamed("reply exactly hi");
    let answer = live.post(CHAT, &body);
    tokio::pin!(answer);
    let early = tokio::time::timeout(Duration::from_millis(400), &mut answer).await;
    assert!(early.is_err(), "answered before the intent was durable");
    assert_eq!(
        app.model().requests().len(),
        1,
        "the provider is asked meanwhile"
    );
    lock.rollback().await.unwrap();
    let answer = answer.await;
    assert_eq!(answer.status(), 200);
    assert_eq!(text_of(&answer.rest().await, 0), "hi");
}

#[tokio::test]
async fn the_end_of_an_answer_is_held_back_until_it_is_on_record() {
    let app = App::start().await;
    let live = app.live().await;
    let mut answer = live
        .post(CHAT, &streamed("[frame_ms=100] count to 5"))
        .await;
    assert_eq!(answer.next_words().await.as_deref(), Some("1"));
    let mut session = app.pool().acquire().await.unwrap();
    let mut lock = session.begin().await.unwrap();
    sqlx::query("lock table events in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    for word in [" 2", " 3", " 4", " 5"] {
        assert_eq!(answer.next_words().await.as_deref(), Some(word));
    }
    let early = tokio::time::timeout(Duration::from_millis(400), answer.next()).await;
    assert!(
        early.is_err(),
        "the end was told before it was on record: {early:?}"
    );
    lock.rollback().await.unwrap();
    let end = answer.next().await.unwrap();
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    let recorded = app.events_of(end["id"].as_str().unwrap()).await;
    assert_eq!(
        kinds_of(&recorded),
        ["ResponseRequested", "ResponseCompleted"]
    );
}

#[tokio::test]
async fn words_reach_the_client_when_they_are_said() {
    let app = App::start().await;
    let live = app.live().await;
    let mut answer = live
        .post(CHAT, &streamed("[frame_ms=300] count to 4"))
        .await;
    answer.next_words().await.unwrap();
    let first = tokio::time::Instant::now();
    answer.next_words().await.unwrap();
    let apart = first.elapsed();
    assert!(
        apart > Duration::from_millis(150),
        "frames were gathered: {apart:?}"
    );
    answer.rest().await;
}
