//! The contract of the `ModelProvider` port. The other side has to obey the language of the
//! scripted model ([`crate::scripted_model::GUIDE`]) and to serve `scripted-1` and
//! `scripted-embed`.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use jan_domain::ports::{ChatAnswer, ChatCall, Frame, Frames, ModelProvider, ProviderFailure};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::scripted_model::FAKE_KEY;

type Provider = Arc<dyn ModelProvider>;

/// Nothing in this suite takes longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(10);
/// The time in which an upstream has to learn that nobody listens any more.
const CANCELLED_WITHIN: Duration = Duration::from_secs(1);

/// A call that asks the scripted model for `prompt`.
pub fn call(prompt: &str, stream: bool) -> ChatCall {
    let messages = json!([{ "role": "user", "content": prompt }]);
    let body = json!({ "model": "scripted-1", "messages": messages, "stream": stream });
    ChatCall {
        body: body.to_string().into(),
        stream,
        traceparent: None,
    }
}

/// An answer that is not streamed arrives as the JSON that was sent.
pub async fn a_whole_answer_arrives(provider: Provider) {
    let answer = whole(&provider, "reply exactly zwölf 🙂")
        .await
        .expect("an answer");
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["choices"][0]["message"]["content"], "zwölf 🙂");
}

/// Frames arrive in order, end with `Done`, and then the stream is over.
pub async fn a_stream_arrives_in_order_and_is_done(provider: Provider) {
    let mut frames = stream(&provider, "count to 200").await;
    let (text, end) = drain(&mut frames).await;
    let numbers: Vec<String> = (1..=200).map(|number| number.to_string()).collect();
    assert_eq!(text, numbers.join(" "));
    assert_eq!(end, Some(Ok(Frame::Done)));
    assert!(
        patient(frames.next()).await.is_none(),
        "nothing follows the end"
    );
}

/// A frame is there when it was sent, not when the next one is.
pub async fn a_frame_does_not_wait_for_the_next(provider: Provider) {
    let mut frames = stream(&provider, "count to 2 [frame_ms=60000]").await;
    let first = async { while !content(&data(&mut frames).await).contains('1') {} };
    timeout(Duration::from_secs(2), first)
        .await
        .expect("the first frame");
}

/// A frame of 8 MiB is passed on, and one beyond the limit of 10 MiB ends the stream.
pub async fn a_frame_has_a_size_limit(provider: Provider) {
    let mut frames = stream(&provider, "[fault=flood]").await;
    let (_, end) = drain(&mut frames).await;
    assert_eq!(end, Some(Err(ProviderFailure::Garbled)));
    let said = "x".repeat(8 << 20);
    let mut frames = stream(&provider, &format!("reply exactly {said}")).await;
    let (text, end) = drain(&mut frames).await;
    assert_eq!((text.len(), end), (said.len(), Some(Ok(Frame::Done))));
}

/// What was sent before a cut arrives; no `Done` follows, and the stream is over.
pub async fn a_cut_stream_is_not_done(provider: Provider) {
    let mut frames = stream(&provider, "count to 9 [fault=cut]").await;
    let (text, end) = drain(&mut frames).await;
    assert_eq!(text, "1 2");
    assert!(
        matches!(end, None | Some(Err(ProviderFailure::Cut))),
        "{end:?}"
    );
    assert!(
        patient(frames.next()).await.is_none(),
        "nothing follows the end"
    );
    let cut = whole(&provider, "count to 9 [fault=cut]").await;
    assert_eq!(cut.err(), Some(ProviderFailure::Cut));
    let hung_up = whole(&provider, "count to 9 [fault=hang_up]").await;
    assert_eq!(hung_up.err(), Some(ProviderFailure::Cut));
}

/// A stream that ends in order but without `[DONE]` gives all its frames and no `Done`.
pub async fn a_stream_without_done_has_none(provider: Provider) {
    let mut frames = stream(&provider, "count to 3 [fault=no_done]").await;
    let (text, end) = drain(&mut frames).await;
    assert_eq!((text.as_str(), end), ("1 2 3", None));
}

/// A refusal keeps the provider's status and its words about the request.
pub async fn a_refusal_names_what_is_wrong(provider: Provider) {
    for streamed in [false, true] {
        let refused = failure(&provider, "hi [fault=400]", streamed).await;
        let ProviderFailure::Rejected {
            status,
            message,
            param,
            code,
        } = refused
        else {
            panic!("{refused:?}")
        };
        assert_eq!(status, 400);
        assert_eq!(message, "This model's maximum context length is 8 tokens.");
        assert_eq!(param.as_deref(), Some("messages"));
        assert_eq!(code.as_deref(), Some("context_length_exceeded"));
    }
}

/// The provider's trouble with our key is told apart, and the key does not come along.
pub async fn refused_credentials_show_no_key(provider: Provider) {
    for streamed in [false, true] {
        let refused = failure(&provider, "hi [fault=401]", streamed).await;
        assert_eq!(refused, ProviderFailure::Unauthorized);
        assert!(!format!("{refused:?} {:?}", refused.recorded()).contains(FAKE_KEY));
    }
}

/// 429 says how long to wait; 5xx is the provider's fault.
pub async fn an_overloaded_or_broken_provider_says_so(provider: Provider) {
    for streamed in [false, true] {
        let overloaded = failure(&provider, "hi [fault=429][retry_after_s=7]", streamed).await;
        assert_eq!(
            overloaded,
            ProviderFailure::Overloaded {
                retry_after: Some(7)
            }
        );
        let broken = failure(&provider, "hi [fault=500]", streamed).await;
        assert_eq!(broken, ProviderFailure::Broken { status: 500 });
        let busy = failure(&provider, "hi [fault=503]", streamed).await;
        assert_eq!(busy, ProviderFailure::Broken { status: 503 });
    }
}

/// A web page or broken JSON is no answer; inside a stream every frame passes as it is, because
/// its meaning is the reader's business.
pub async fn garbage_is_recognised_or_passed_on(provider: Provider) {
    for streamed in [false, true] {
        let page = failure(&provider, "hi [fault=html]", streamed).await;
        assert_eq!(page, ProviderFailure::Garbled);
    }
    let broken = whole(&provider, "hi [fault=garbage]").await;
    assert_eq!(broken.err(), Some(ProviderFailure::Garbled));
    let mut frames = stream(&provider, "count to 9 [fault=garbage]").await;
    let raw = raw_frames(&mut frames).await;
    assert!(
        raw.iter()
            .any(|frame| serde_json::from_slice::<Value>(frame).is_err()),
        "{raw:?}"
    );
    let mut frames = stream(&provider, "count to 9 [fault=error_chunk]").await;
    let raw = raw_frames(&mut frames).await;
    assert!(
        raw.iter().any(|frame| frame.starts_with(b"{\"error\":{")),
        "{raw:?}"
    );
}

/// Silence has an end, before an answer and within it. The provider must have been built with
/// limits well below ten seconds.
pub async fn silence_has_an_end(provider: Provider) {
    let mut frames = stream(&provider, "count to 9 [fault=stall]").await;
    let (text, end) = drain(&mut frames).await;
    assert_eq!(
        (text.as_str(), end),
        ("1 2", Some(Err(ProviderFailure::Stalled)))
    );
    for (prompt, streamed) in [
        ("hi [fault=stall]", false),
        ("hi [fault=slow_headers][headers_ms=60000]", false),
        ("hi [fault=slow_headers][headers_ms=60000]", true),
    ] {
        assert_eq!(
            failure(&provider, prompt, streamed).await,
            ProviderFailure::Stalled
        );
    }
    let mut frames = stream(&provider, "hi [first_token_ms=60000]").await;
    assert_eq!(
        drain(&mut frames).await.1,
        Some(Err(ProviderFailure::Stalled))
    );
}

/// Whoever drops a call stops the work at the other side: before the head of the answer, before
/// its first frame, and in the middle. `until_cancelled` waits until that many calls were seen to
/// be abandoned there.
pub async fn a_dropped_call_stops_upstream<C, F>(provider: Provider, until_cancelled: C)
where
    C: Fn(usize) -> F,
    F: Future<Output = ()>,
{
    let seen = |count| timeout(CANCELLED_WITHIN, until_cancelled(count));
    let moment = Duration::from_millis(200);
    let waiting = provider.chat(call("hi [fault=slow_headers][headers_ms=60000]", true));
    assert!(timeout(moment, waiting).await.is_err(), "no answer yet");
    seen(1).await.expect("cancelled before the head");

    let mut frames = stream(&provider, "hi [first_token_ms=60000]").await;
    assert!(
        timeout(moment, frames.next()).await.is_err(),
        "no frame yet"
    );
    drop(frames);
    seen(2).await.expect("cancelled before the first frame");

    let mut frames = stream(&provider, "count to 100000 [frame_ms=5]").await;
    while !content(&data(&mut frames).await).contains('9') {}
    drop(frames);
    seen(3).await.expect("cancelled in the middle");
}

/// Embeddings pass in both directions, and fail like chat does.
pub async fn embeddings_pass_through(provider: Provider) {
    let body =
        |text: &str| Bytes::from(json!({ "model": "scripted-embed", "input": text }).to_string());
    let answer = patient(provider.embed(body("two words")))
        .await
        .expect("an answer");
    let answer: Value = serde_json::from_slice(&answer).expect("JSON");
    assert!(
        answer["data"][0]["embedding"]
            .as_array()
            .is_some_and(|vector| vector.len() > 1)
    );
    let overloaded = patient(provider.embed(body("hi [fault=429][retry_after_s=3]"))).await;
    assert_eq!(
        overloaded,
        Err(ProviderFailure::Overloaded {
            retry_after: Some(3)
        })
    );
    let page = patient(provider.embed(body("hi [fault=html]"))).await;
    assert_eq!(page, Err(ProviderFailure::Garbled));
}

async fn patient<T>(work: impl Future<Output = T>) -> T {
    timeout(PATIENCE, work).await.expect("it does not hang")
}

async fn whole(provider: &Provider, prompt: &str) -> Result<Bytes, ProviderFailure> {
    match patient(provider.chat(call(prompt, false))).await? {
        ChatAnswer::Whole(body) => Ok(body),
        ChatAnswer::Stream(_) => panic!("a stream that nobody asked for"),
    }
}

async fn stream(provider: &Provider, prompt: &str) -> Frames {
    match patient(provider.chat(call(prompt, true))).await {
        Ok(ChatAnswer::Stream(frames)) => frames,
        Ok(ChatAnswer::Whole(_)) => panic!("no stream though one was asked for"),
        Err(failure) => panic!("{failure:?}"),
    }
}

async fn failure(provider: &Provider, prompt: &str, stream: bool) -> ProviderFailure {
    patient(provider.chat(call(prompt, stream)))
        .await
        .err()
        .expect("a failure")
}

async fn data(frames: &mut Frames) -> Bytes {
    match patient(frames.next()).await {
        Some(Ok(Frame::Data(data))) => data,
        other => panic!("{other:?}"),
    }
}

/// The text of all frames, and what came instead of one more.
async fn drain(frames: &mut Frames) -> (String, Option<Result<Frame, ProviderFailure>>) {
    let mut text = String::new();
    loop {
        match patient(frames.next()).await {
            Some(Ok(Frame::Data(data))) => text.push_str(&content(&data)),
            end => return (text, end),
        }
    }
}

/// The data of all frames up to the end, whatever the end is.
async fn raw_frames(frames: &mut Frames) -> Vec<Bytes> {
    let mut raw = Vec::new();
    while let Some(Ok(Frame::Data(data))) = patient(frames.next()).await {
        raw.push(data);
    }
    raw
}

fn content(frame: &[u8]) -> String {
    let chunk: Value = serde_json::from_slice(frame).expect("a chunk");
    chunk["choices"][0]["delta"]["content"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}
