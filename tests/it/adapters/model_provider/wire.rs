//! What goes over the wire, and what odd upstreams do to it.

use std::time::Duration;

use futures::StreamExt;
use jan_domain::ports::{ChatAnswer, ChatCall, Frame, ProviderFailure};
use jan_infra::model_provider::{ProviderLimits, ProviderSettings};
use jan_infra::secret::Secret;
use jan_tests::contract::model_provider::call;
use jan_tests::late_port::LatePort;
use jan_tests::scripted_model::{Options, ScriptedModel};

use super::raw_upstream::{RawUpstream, Speech};
use super::{provider, settings};

async fn frames(
    speech: Speech,
    settings: impl Fn(String) -> ProviderSettings,
) -> Vec<Result<Frame, ProviderFailure>> {
    let upstream = RawUpstream::saying(speech).await;
    let provider = provider(&settings(upstream.base_url.clone()));
    match provider.chat(call("hi", true)).await {
        Ok(ChatAnswer::Stream(frames)) => frames.collect().await,
        Ok(ChatAnswer::Whole(_)) => panic!("no stream"),
        Err(failure) => vec![Err(failure)],
    }
}

async fn whole(speech: Speech) -> Result<String, ProviderFailure> {
    let upstream = RawUpstream::saying(speech).await;
    match provider(&settings(upstream.base_url.clone()))
        .chat(call("hi", false))
        .await?
    {
        ChatAnswer::Whole(body) => Ok(String::from_utf8(body.to_vec()).expect("text")),
        ChatAnswer::Stream(_) => panic!("a stream"),
    }
}

fn data(bytes: &'static [u8]) -> Frame {
    Frame::Data(bytes.into())
}

#[tokio::test]
async fn the_key_the_body_and_the_trace_arrive_and_nothing_else_is_added() {
    let key = "sk-4f9Qx7Lm2Zt8";
    let options = Options {
        api_key: Some(key.to_owned()),
        ..Options::default()
    };
    let model = ScriptedModel::start_with(options).await;
    let api_key = Some(Secret::new(key.to_owned()));
    let settings = ProviderSettings {
        api_key,
        ..settings(model.base_url())
    };
    assert!(!format!("{settings:?}").contains(key));
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let asked = ChatCall {
        traceparent: Some(traceparent.to_owned()),
        ..call("hi", false)
    };
    assert!(provider(&settings).chat(asked.clone()).await.is_ok());
    let seen = model.requests().pop().unwrap();
    assert_eq!(
        (seen.path.as_str(), &seen.bytes),
        ("/v1/chat/completions", &asked.body)
    );
    assert_eq!(seen.headers["traceparent"], traceparent);
    let agent = seen.headers["user-agent"].to_str().unwrap();
    assert!(agent.starts_with("jan-server/"), "{agent}");
    let mut names: Vec<&str> = seen.headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    let expected = [
        "accept",
        "authorization",
        "content-length",
        "content-type",
        "host",
        "traceparent",
        "user-agent",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn a_wrong_or_missing_key_is_our_own_trouble() {
    let options = Options {
        api_key: Some("right".to_owned()),
        ..Options::default()
    };
    let model = ScriptedModel::start_with(options).await;
    let wrong = ProviderSettings {
        api_key: Some(Secret::new("wrong".to_owned())),
        ..settings(model.base_url())
    };
    for settings in [wrong, settings(model.base_url())] {
        let refused = provider(&settings).chat(call("hi", true)).await.err();
        assert_eq!(refused, Some(ProviderFailure::Unauthorized));
    }
}

#[tokio::test]
async fn keys_in_a_providers_words_are_masked() {
    let body = r#"{"error":{"message":"no, our0wnKey and sk-abcdefghijk are bad","code":"x"}}"#;
    let speech = Speech::whole("400 Bad Request\r\ncontent-type: application/json", body);
    let upstream = RawUpstream::saying(speech).await;
    let api_key = Some(Secret::new("our0wnKey".to_owned()));
    let settings = ProviderSettings {
        api_key,
        ..settings(upstream.base_url.clone())
    };
    let refused = provider(&settings).chat(call("hi", false)).await.err();
    let message = "no, [masked] and [masked] are bad".to_owned();
    let code = Some("x".to_owned());
    let expected = ProviderFailure::Rejected {
        status: 400,
        message,
        param: None,
        code,
    };
    assert_eq!(refused, Some(expected));
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_our_key() {
    let other = RawUpstream::saying(Speech::whole("200 OK", "{}")).await;
    let head = format!(
        "307 Temporary Redirect\r\nlocation: {}/chat/completions",
        other.base_url
    );
    assert_eq!(
        whole(Speech::whole(&head, "")).await,
        Err(ProviderFailure::Garbled)
    );
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn frames_pass_byte_for_byte_however_they_are_cut() {
    let stream: &[u8] = "\u{feff}: hi\r\nevent: x\r\ndata: {\"a\": \"ä🙂\\u0000\"}\r\n\r\ndata:b\n\ndata: [DONE]\n\n".as_bytes();
    let expected = [
        Ok(data("{\"a\": \"ä🙂\\u0000\"}".as_bytes())),
        Ok(data(b"b")),
        Ok(Frame::Done),
    ];
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    for chunks in [vec![stream], bytes, stream.chunks(7).collect()] {
        assert_eq!(frames(Speech::stream(&chunks), settings).await, expected);
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_cut_wherever_it_breaks() {
    let head: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let cut = [Err(ProviderFailure::Cut)];
    assert_eq!(frames(Speech::of(&[b"HTTP/1.1 20"]), settings).await, cut);
    assert_eq!(frames(Speech::of(&[head]), settings).await, cut);
    let broken = frames(
        Speech::of(&[head, b"9\r\ndata: a\n\n\r\n9\r\ndata"]),
        settings,
    )
    .await;
    assert_eq!(broken, [Ok(data(b"a")), Err(ProviderFailure::Cut)]);
}

#[tokio::test]
async fn a_stream_may_be_ended_by_closing_the_connection() {
    let head: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let closed = frames(Speech::of(&[head, b"data: a\n\ndata: [DONE]"]), settings).await;
    assert_eq!(closed, [Ok(data(b"a")), Ok(Frame::Done)]);
    let early = frames(Speech::of(&[head, b"data: a\n\ndata: {\"b"]), settings).await;
    assert_eq!(early, [Ok(data(b"a"))]);
}

#[tokio::test]
async fn something_that_speaks_no_http_is_garbled() {
    let spoken = frames(Speech::of(&[b"SSH-2.0-OpenSSH_9.6\r\n"]), settings).await;
    assert_eq!(spoken, [Err(ProviderFailure::Garbled)]);
}

#[tokio::test]
async fn comments_keep_a_slow_stream_alive() {
    let beats: Vec<&[u8]> = vec![b": beat\n\n"; 6];
    let chunks = [beats, vec![b"data: a\n\ndata: [DONE]\n\n"]].concat();
    let speech = Speech {
        pause: Duration::from_millis(250),
        ..Speech::stream(&chunks)
    };
    assert_eq!(
        frames(speech, settings).await,
        [Ok(data(b"a")), Ok(Frame::Done)]
    );
}

#[tokio::test]
async fn a_reader_that_takes_its_time_is_not_taken_for_silence() {
    let speech = Speech::stream(&[b"data: a\n\n", b"data: b\n\n", b"data: [DONE]\n\n"]);
    let speech = Speech {
        pause: Duration::from_millis(400),
        ..speech
    };
    let upstream = RawUpstream::saying(speech).await;
    let provider = provider(&settings(upstream.base_url.clone()));
    let Ok(ChatAnswer::Stream(mut frames)) = provider.chat(call("hi", true)).await else {
        panic!("a stream")
    };
    assert_eq!(frames.next().await, Some(Ok(data(b"a"))));
    // Longer than the silence that is allowed, but ours.
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    let rest: Vec<_> = frames.collect().await;
    assert_eq!(rest, [Ok(data(b"b")), Ok(Frame::Done)]);
}

#[tokio::test]
async fn an_upstream_that_cannot_stream_answers_whole() {
    let speech = Speech::whole(
        "200 OK\r\ncontent-type: application/json",
        "{\"choices\":[]}",
    );
    let upstream = RawUpstream::saying(speech).await;
    let answer = provider(&settings(upstream.base_url.clone()))
        .chat(call("hi", true))
        .await;
    assert!(matches!(answer, Ok(ChatAnswer::Whole(body)) if body == "{\"choices\":[]}"));
}

#[tokio::test]
async fn an_answer_that_is_too_large_or_no_text_is_garbled() {
    let json = "200 OK\r\ncontent-type: application/json";
    let large = format!("\"{}\"", "x".repeat(32 << 20));
    assert_eq!(
        whole(Speech::whole(json, &large)).await,
        Err(ProviderFailure::Garbled)
    );
    let bytes: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n\"\xff\"";
    assert_eq!(
        whole(Speech::of(&[bytes])).await,
        Err(ProviderFailure::Garbled)
    );
    let text = "{\"ä\":1}";
    assert_eq!(whole(Speech::whole(json, text)).await.as_deref(), Ok(text));
}

#[tokio::test]
async fn a_frame_has_the_configured_size_limit() {
    let small = |base_url| ProviderSettings {
        limits: ProviderLimits {
            frame_bytes_max: 16,
            ..ProviderLimits::default()
        },
        ..settings(base_url)
    };
    let endless: Vec<&[u8]> = vec![b"data: 1234567890"; 4];
    assert_eq!(
        frames(Speech::stream(&endless), small).await,
        [Err(ProviderFailure::Garbled)]
    );
}

#[tokio::test]
async fn streams_and_refusals_leave_their_connection_usable() {
    let stream = RawUpstream::saying(Speech::stream(&[b"data: a\n\n", b"data: [DONE]\n\n"])).await;
    let refusal = RawUpstream::saying(Speech::whole("400 Bad Request", "{}")).await;
    for upstream in [stream, refusal] {
        let provider = provider(&settings(upstream.base_url.clone()));
        for _ in 0..5 {
            if let Ok(ChatAnswer::Stream(frames)) = provider.chat(call("hi", true)).await {
                assert_eq!(frames.count().await, 2);
            }
        }
        assert_eq!((upstream.requests(), upstream.connections()), (5, 1));
    }
}

/// What `keep-alive` servers do between two calls.
#[tokio::test]
async fn a_kept_connection_that_was_closed_costs_no_call() {
    let speech = Speech {
        closes: true,
        ..Speech::whole("200 OK", "{}")
    };
    let upstream = RawUpstream::saying(speech).await;
    let provider = provider(&settings(upstream.base_url.clone()));
    for call_no in 1..=20 {
        assert!(provider.chat(call("hi", false)).await.is_ok());
        while upstream.closed() < call_no {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        // The close is on its way to our side of the loopback.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!((upstream.requests(), upstream.connections()), (20, 20));
}

/// The request may have been acted on, so it is not sent again.
#[tokio::test]
async fn a_call_that_was_sent_is_not_sent_again() {
    let upstream = RawUpstream::saying(Speech::of(&[])).await;
    let provider = provider(&settings(upstream.base_url.clone()));
    let hung_up = provider.chat(call("hi", false)).await.err();
    assert_eq!(hung_up, Some(ProviderFailure::Cut));
    assert_eq!((upstream.requests(), upstream.connections()), (1, 1));
}

#[tokio::test]
async fn an_upstream_that_comes_up_a_moment_later_is_reached() {
    let port = LatePort::held();
    let provider = provider(&settings(port.base_url().unwrap()));
    let refused = provider.chat(call("hi", true)).await.err();
    assert_eq!(refused, Some(ProviderFailure::Unreachable));
    let back = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        ScriptedModel::on(port.open().unwrap(), Options::default()).unwrap()
    };
    let (answer, model) = tokio::join!(provider.chat(call("hi", true)), back);
    assert!(answer.is_ok());
    assert_eq!(model.served(), 1);
}
