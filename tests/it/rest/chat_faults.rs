//! Every way a provider goes wrong: what the caller is told, and what is on record.

use std::future::IntoFuture as _;
use std::time::Duration;

use futures::future::join_all;
use jan_tests::app::{App, Setup};
use jan_tests::given::{chat, streamed, with};
use jan_tests::scripted_model::FAKE_KEY;
use serde_json::{Value, json};

use super::{CHAT, kinds_of, text_of};

/// An application whose patience with providers ends soon.
async fn impatient() -> App {
    let mut setup = Setup::default();
    setup.limits.provider.first_byte = Duration::from_millis(1500);
    setup.limits.provider.first_byte_whole = Duration::from_millis(1500);
    setup.limits.provider.silence = Duration::from_millis(700);
    App::start_with(setup).await
}

/// The one call on record.
async fn the_call(app: &App) -> String {
    let events = app.events().await;
    let mut calls = events
        .into_iter()
        .filter(|event| event.event_type == "ResponseRequested");
    let call = calls.next().expect("a call is on record");
    assert!(calls.next().is_none(), "two calls are on record");
    call.aggregate_id
}

/// Status, code, and recorded kind of a fault before the first byte.
type Early = (&'static str, u16, &'static str, &'static str);

const EARLY: &[Early] = &[
    (
        "refuse_429",
        429,
        "rate_limit_exceeded",
        "provider_overloaded",
    ),
    ("400", 400, "context_length_exceeded", "provider_rejected"),
    ("401", 502, "provider_unauthorized", "provider_unauthorized"),
    ("500", 502, "provider_error", "provider_error"),
    ("503", 502, "provider_error", "provider_error"),
    ("hang_up", 502, "provider_cut", "provider_cut"),
    ("html", 502, "provider_garbled", "provider_garbled"),
    ("slow_headers", 504, "provider_stalled", "provider_stalled"),
];

/// Faults that only an answer in one piece shows at once.
const EARLY_WHEN_WHOLE: &[Early] = &[
    ("garbage", 502, "provider_garbled", "provider_garbled"),
    ("cut", 502, "provider_cut", "provider_cut"),
    ("stall", 504, "provider_stalled", "provider_stalled"),
    ("error_chunk", 502, "provider_garbled", "provider_garbled"),
];

async fn answers_and_records(body: Value, (fault, status, code, kind): Early) {
    let app = impatient().await;
    let answer = app.post(CHAT, body).await;
    assert_eq!(answer.status(), status, "{fault}: {}", answer.text());
    let error = answer.json()["error"].clone();
    assert_eq!(error["code"], code, "{fault}: {error}");
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|message| !message.is_empty()),
        "{fault}"
    );
    assert!(!answer.text().contains(FAKE_KEY), "{fault} tells the key");
    let call = the_call(&app).await;
    let recorded = app.events_of(&call).await;
    assert_eq!(
        kinds_of(&recorded),
        ["ResponseRequested", "ResponseFailed"],
        "{fault}"
    );
    let failed = app.until_recorded(&call, "ResponseFailed").await;
    assert_eq!(failed["failure"]["kind"], kind, "{fault}");
    assert!(
        !recorded[1].payload.contains(FAKE_KEY),
        "{fault} records the key"
    );
    assert_eq!(failed["partial"], Value::Null, "{fault}");
    assert_eq!(
        app.model().requests().len(),
        1,
        "{fault}: a call may cost money and is not repeated"
    );
}

#[tokio::test]
async fn a_fault_before_the_first_byte_is_a_status() {
    let faults = EARLY.iter().chain(EARLY_WHEN_WHOLE);
    let calls =
        faults.map(|early| answers_and_records(chat(&format!("[fault={}] hi", early.0)), *early));
    join_all(calls).await;
}

#[tokio::test]
async fn a_fault_before_the_first_byte_of_a_stream_is_a_status_too() {
    let faults = EARLY.iter();
    let calls = faults
        .map(|early| answers_and_records(streamed(&format!("[fault={}] hi", early.0)), *early));
    join_all(calls).await;
}

#[tokio::test]
async fn a_provider_that_is_away_is_a_bad_gateway() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = format!("http://{}/v1", taken.local_addr().unwrap());
    drop(taken);
    let app = App::start_with(Setup {
        upstream: Some(upstream),
        ..Setup::default()
    })
    .await;
    let refused = app.post(CHAT, chat("hi")).await.expect_status(502);
    assert_eq!(refused.json()["error"]["code"], "provider_unreachable");
    let failed = app
        .until_recorded(&the_call(&app).await, "ResponseFailed")
        .await;
    assert_eq!(failed["failure"]["kind"], "provider_unreachable");
}

#[tokio::test]
async fn the_callers_own_mistake_is_told_in_the_providers_words() {
    let app = App::start().await;
    let refused = app
        .post(CHAT, chat("[fault=400] hi"))
        .await
        .expect_status(400);
    let error = &refused.json()["error"];
    assert_eq!(error["param"], "messages");
    assert_eq!(error["type"], "invalid_request_error");
    assert!(
        error["message"].as_str().unwrap().contains("8 tokens"),
        "{error}"
    );
}

#[tokio::test]
async fn an_overloaded_provider_says_when_to_come_back() {
    let app = App::start().await;
    let refused = app
        .post(CHAT, chat("[fault=429] [retry_after_s=7] hi"))
        .await
        .expect_status(429);
    assert_eq!(refused.header("retry-after"), Some("7"));
    assert_eq!(refused.json()["error"]["type"], "rate_limit_error");
}

#[tokio::test]
async fn a_fault_in_the_middle_of_a_stream_is_its_last_chunk() {
    let faults = [
        ("cut", "provider_cut"),
        ("stall", "provider_stalled"),
        ("error_chunk", "provider_error"),
        ("garbage", "provider_garbled"),
    ];
    for (fault, kind) in faults {
        let app = impatient().await;
        let body = streamed(&format!("[fault={fault}] [fault_after=3] count to 9"));
        let answer = app.post(CHAT, body).await.expect_status(200);
        let chunks = answer.sse();
        assert_eq!(text_of(&chunks, 0), "1 2 3", "{fault}");
        let (last, before) = chunks.split_last().unwrap();
        assert!(
            before.iter().all(|chunk| chunk.get("error").is_none()),
            "{fault}"
        );
        let error = last["error"].as_object().unwrap();
        let keys: Vec<_> = error.keys().map(String::as_str).collect();
        assert_eq!(keys, ["code", "message", "param", "type"], "{fault}");
        assert_eq!(error["code"], kind, "{fault}");
        let call = the_call(&app).await;
        let failed = app.until_recorded(&call, "ResponseFailed").await;
        assert_eq!(failed["failure"]["kind"], kind, "{fault}");
        assert_eq!(
            failed["partial"]["body"][0]["message"]["content"], "1 2 3",
            "{fault}"
        );
        assert_eq!(app.model().requests().len(), 1, "{fault}");
    }
}

#[tokio::test]
async fn a_frame_without_end_is_refused_and_a_large_answer_is_not() {
    let app = App::start().await;
    let whole = app
        .post(CHAT, chat("[fault=flood] hi"))
        .await
        .expect_status(200);
    assert!(super::said(&whole.json()).len() >= 12 << 20);
    let chunks = app
        .post(CHAT, streamed("[fault=flood] hi"))
        .await
        .expect_status(200)
        .sse();
    assert_eq!(chunks.last().unwrap()["error"]["code"], "provider_garbled");
}

#[tokio::test]
async fn a_failed_call_adds_nothing_to_its_conversation() {
    let app = App::start().await;
    let begun = app
        .post(
            CHAT,
            with(chat("reply exactly hi"), json!({"conversation": {}})),
        )
        .await
        .json();
    let conversation = &begun["conversation"]["id"];
    let failing = with(
        chat("[fault=500] again"),
        json!({"conversation": conversation}),
    );
    app.post(CHAT, failing).await.expect_status(502);
    let cut = with(
        streamed("[fault=cut] count to 9"),
        json!({"conversation": conversation}),
    );
    let chunks = app.post(CHAT, cut).await.sse();
    assert_eq!(chunks.last().unwrap()["error"]["code"], "provider_cut");
    let path = format!("/v1/conversations/{}/items", conversation.as_str().unwrap());
    let items = app.get(&path).await.json();
    assert_eq!(items["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn after_a_fault_the_next_call_is_answered() {
    let app = App::start().await;
    for fault in ["500", "hang_up", "cut", "garbage"] {
        let body = chat(&format!("reply exactly hi [fault_once={fault}:{fault}]"));
        app.post(CHAT, body.clone()).await.expect_status(502);
        let answer = app.post(CHAT, body).await.expect_status(200);
        assert_eq!(super::said(&answer.json()), "hi", "{fault}");
    }
}

#[tokio::test]
async fn a_server_that_answers_as_many_calls_as_it_can_says_so() {
    let mut setup = Setup::default();
    setup.limits.model_calls_max = 1;
    let app = App::start_with(setup).await;
    let long = app.post(CHAT, chat("[first_token_ms=500] reply exactly hi"));
    let one_more = async {
        app.model().until_in_flight(1).await;
        app.post(CHAT, chat("reply exactly ho")).await
    };
    let (long, refused) = tokio::join!(long.into_future(), one_more);
    let refused = refused.expect_status(429);
    assert_eq!(refused.json()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(super::said(&long.expect_status(200).json()), "hi");
    app.post(CHAT, chat("reply exactly ho"))
        .await
        .expect_status(200);
}
