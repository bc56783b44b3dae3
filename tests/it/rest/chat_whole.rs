//! Chat completions that are not streamed.

use insta::assert_json_snapshot;
use jan_tests::app::App;
use jan_tests::given::{MODEL, chat, tool, with};
use serde_json::{Value, json};

use super::{CHAT, kinds_of, said};

#[tokio::test]
async fn an_answer_has_openais_shape() {
    let app = App::start().await;
    let answer = app.post(CHAT, chat("reply exactly hi")).await;
    let answer = answer.expect_status(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_json_snapshot!(answer.json(), {".id" => "[id]"}, @r#"
    {
      "choices": [
        {
          "finish_reason": "stop",
          "index": 0,
          "logprobs": null,
          "message": {
            "annotations": [],
            "content": "hi",
            "refusal": null,
            "role": "assistant"
          }
        }
      ],
      "created": 1767225600,
      "id": "[id]",
      "model": "scripted-1",
      "object": "chat.completion",
      "service_tier": "default",
      "system_fingerprint": "fp_scripted",
      "usage": {
        "completion_tokens": 1,
        "completion_tokens_details": {
          "accepted_prediction_tokens": 0,
          "audio_tokens": 0,
          "reasoning_tokens": 0,
          "rejected_prediction_tokens": 0
        },
        "prompt_tokens": 3,
        "prompt_tokens_details": {
          "audio_tokens": 0,
          "cached_tokens": 0
        },
        "total_tokens": 4
      }
    }
    "#);
}

#[tokio::test]
async fn the_id_of_an_answer_is_the_id_of_its_record() {
    let app = App::start().await;
    let answer = app.post(CHAT, chat("reply exactly hi")).await.json();
    let id = answer["id"].as_str().unwrap();
    assert!(id.starts_with("chatcmpl-"), "{id}");
    let recorded = app.events_of(id).await;
    assert_eq!(
        kinds_of(&recorded),
        ["ResponseRequested", "ResponseCompleted"]
    );
    let completed = app.until_recorded(id, "ResponseCompleted").await;
    assert_eq!(completed["answer"]["body"], answer["choices"]);
    assert_json_snapshot!(completed, {
        ".answer.body" => "[choices]",
        ".answer.provider_id" => "[upstream id]",
        ".timing" => "[timing]",
        ".at" => "[time]",
    }, @r#"
    {
      "answer": {
        "body": "[choices]",
        "model": "scripted-1",
        "provider_id": "[upstream id]",
        "service_tier": "default",
        "system_fingerprint": "fp_scripted"
      },
      "at": "[time]",
      "timing": "[timing]",
      "usage": {
        "cached_tokens": 0,
        "input_tokens": 3,
        "output_tokens": 1,
        "reasoning_tokens": 0
      }
    }
    "#);
}

#[tokio::test]
async fn the_record_of_a_request_says_who_asked_what() {
    let app = App::start().await;
    let body = with(
        chat("reply exactly hi"),
        json!({"temperature": 0.5, "metadata": {"topic": "tea"}}),
    );
    let answer = app.post(CHAT, body).await.json();
    let requested = app
        .until_recorded(answer["id"].as_str().unwrap(), "ResponseRequested")
        .await;
    assert_json_snapshot!(requested, {
        ".call.owner.account" => "[account]",
        ".call.node" => "[node]",
        ".call.step.id" => "[step]",
        ".at" => "[time]",
    }, @r#"
    {
      "at": "[time]",
      "call": {
        "conversation": null,
        "metadata": {
          "topic": "tea"
        },
        "model": "scripted-1",
        "node": "[node]",
        "owner": {
          "account": "[account]",
          "tenant": "default"
        },
        "request": {
          "messages": [
            {
              "content": "reply exactly hi",
              "role": "user"
            }
          ],
          "temperature": 0.5
        },
        "retention": "recorded",
        "step": {
          "id": "[step]",
          "model": "scripted-1",
          "provider": "scripted"
        },
        "stream": false,
        "surface": "chat_completions"
      }
    }
    "#);
}

#[tokio::test]
async fn every_parameter_for_the_model_reaches_the_provider_as_it_came() {
    let app = App::start().await;
    let body = format!(
        r#"{{"model": "{MODEL}", "messages": [{{"role":"user",  "content":"reply exactly hi","name":"ann"}}],
        "frequency_penalty": 0.10, "presence_penalty": -1e-1, "logit_bias": {{"50256": -100}}, "logprobs": false,
        "max_completion_tokens": 10, "n": 1, "parallel_tool_calls": false, "prediction": {{"type":"content","content":"x"}},
        "reasoning_effort": "low", "response_format": {{"type":"text"}}, "seed": 9007199254740993, "stop": ["a","b"],
        "temperature": 0.70, "tool_choice": "auto", "tools": [{{"type":"function","function":{{"name":"f"}}}}],
        "top_p": 1.0, "verbosity": "low", "web_search_options": {{}},
        "user": "u", "safety_identifier": "s", "service_tier": "auto", "prompt_cache_key": "k",
        "store": true, "metadata": {{"a":"b"}}, "store_reasoning": true, "stream_options": null, "audio": null,
        "top_k": 5, "no_such_parameter": true}}"#
    );
    app.raw(http::Method::POST, CHAT)
        .body(body)
        .await
        .expect_status(200);
    let asked = app.model().requests().pop().unwrap();
    let asked = std::str::from_utf8(&asked.bytes).unwrap();
    insta::assert_snapshot!(asked, @r#"{"model":"scripted-1","messages":[{"role":"user",  "content":"reply exactly hi","name":"ann"}],"frequency_penalty":0.10,"logit_bias":{"50256": -100},"logprobs":false,"max_completion_tokens":10,"n":1,"parallel_tool_calls":false,"prediction":{"type":"content","content":"x"},"presence_penalty":-1e-1,"reasoning_effort":"low","response_format":{"type":"text"},"seed":9007199254740993,"stop":["a","b"],"temperature":0.70,"tool_choice":"auto","tools":[{"type":"function","function":{"name":"f"}}],"top_p":1.0,"verbosity":"low","web_search_options":{}}"#);
}

#[tokio::test]
async fn a_model_is_asked_for_by_its_name_at_the_provider() {
    let app = App::start().await;
    app.post(CHAT, chat("hi")).await.expect_status(200);
    let asked = app.model().requests().pop().unwrap();
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.body["model"], MODEL);
    assert!(
        asked
            .body
            .get("stream")
            .is_none_or(|stream| stream == false)
    );
}

#[tokio::test]
async fn our_tokens_do_not_reach_the_provider() {
    let app = App::start().await;
    app.post(CHAT, chat("hi"))
        .header("cookie", "refresh_token=x")
        .await
        .expect_status(200);
    let asked = app.model().requests().pop().unwrap();
    assert!(!asked.headers.contains_key("authorization"));
    assert!(!asked.headers.contains_key("cookie"));
}

#[tokio::test]
async fn several_answers_to_one_call_all_come_back() {
    let app = App::start().await;
    let body = with(chat("reply exactly hi"), json!({"n": 3}));
    let answer = app.post(CHAT, body).await.expect_status(200).json();
    let choices = answer["choices"].as_array().unwrap();
    let places: Vec<_> = choices
        .iter()
        .map(|choice| choice["index"].as_u64().unwrap())
        .collect();
    assert_eq!(places, [0, 1, 2]);
    assert!(
        choices
            .iter()
            .all(|choice| choice["message"]["content"] == "hi")
    );
}

#[tokio::test]
async fn stop_sequences_and_token_limits_end_an_answer() {
    let app = App::start().await;
    let stopped = with(chat("count to 9"), json!({"stop": " 4"}));
    let stopped = app.post(CHAT, stopped).await.json();
    assert_eq!(said(&stopped), "1 2 3");
    assert_eq!(stopped["choices"][0]["finish_reason"], "stop");

    let cut = with(chat("count to 9"), json!({"max_completion_tokens": 2}));
    let cut = app.post(CHAT, cut).await.json();
    assert_eq!(said(&cut), "1 2");
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    assert_eq!(cut["usage"]["completion_tokens"], 2);
}

#[tokio::test]
async fn tools_are_offered_and_their_calls_come_back() {
    let app = App::start().await;
    let prompt = "call tool brew with {\"text\":\"green\"}\ncall tool pour with {\"text\":\"now\"}";
    let body = with(chat(prompt), json!({"tools": [tool("brew"), tool("pour")]}));
    let answer = app.post(CHAT, body).await.expect_status(200).json();
    assert_json_snapshot!(answer["choices"][0], {".message.tool_calls[].id" => "[call]"}, @r#"
    {
      "finish_reason": "tool_calls",
      "index": 0,
      "logprobs": null,
      "message": {
        "annotations": [],
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

    let one = with(
        chat(prompt),
        json!({"tools": [tool("brew"), tool("pour")], "parallel_tool_calls": false}),
    );
    let answer = app.post(CHAT, one).await.expect_status(200).json();
    assert_eq!(
        answer["choices"][0]["message"]["tool_calls"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn what_a_tool_answered_reaches_the_model() {
    let app = App::start().await;
    let body = json!({"model": MODEL, "messages": [
        {"role": "user", "content": "call tool brew with {}"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "brew", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "call_1", "content": "a pot of tea"},
    ], "tools": [tool("brew")]});
    let answer = app.post(CHAT, body).await.expect_status(200).json();
    assert_eq!(said(&answer), "tool said: a pot of tea");
}

#[tokio::test]
async fn an_answer_follows_a_json_schema() {
    let app = App::start().await;
    let schema = json!({"type": "object", "properties": {"cups": {"type": "integer"}}, "required": ["cups"]});
    let format = json!({"type": "json_schema", "json_schema": {"name": "tea", "strict": true, "schema": schema}});
    let body = with(chat("how many?"), json!({"response_format": format}));
    let answer = app.post(CHAT, body).await.expect_status(200).json();
    let told: Value = serde_json::from_str(said(&answer)).unwrap();
    assert!(told["cups"].is_i64(), "{told}");
}

#[tokio::test]
async fn log_probabilities_come_when_they_are_asked_for() {
    let app = App::start().await;
    let body = with(
        chat("reply exactly hi"),
        json!({"logprobs": true, "top_logprobs": 2}),
    );
    let answer = app.post(CHAT, body).await.expect_status(200).json();
    let token = &answer["choices"][0]["logprobs"]["content"][0];
    assert_eq!(token["token"], "hi");
    assert_eq!(token["top_logprobs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_the_model_thought_is_told() {
    let app = App::start().await;
    let answer = app
        .post(CHAT, chat("think of leaves then reply tea"))
        .await
        .json();
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["reasoning_content"], "of leaves");
    assert_eq!(message["content"], "tea");
}

#[tokio::test]
async fn pictures_reach_the_model_unread() {
    let app = App::start().await;
    let parts = json!([
        {"type": "text", "text": "reply exactly seen"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
    ]);
    let body = json!({"model": MODEL, "messages": [{"role": "user", "content": parts}]});
    let answer = app.post(CHAT, body).await.expect_status(200).json();
    assert_eq!(said(&answer), "seen");
    let asked = app.model().requests().pop().unwrap();
    assert_eq!(asked.body["messages"][0]["content"], parts);
}

#[tokio::test]
async fn what_a_model_says_comes_back_unharmed() {
    let app = App::start().await;
    for text in [
        "\u{1F375} \\ \" \u{7f} tea\u{2028}.",
        "a\tb\nc",
        "</script>",
        "{\"id\":\"chatcmpl-x\"}",
    ] {
        let answer = app
            .post(CHAT, chat(&format!("reply exactly {text}")))
            .await
            .json();
        assert_eq!(said(&answer), text);
    }
}
