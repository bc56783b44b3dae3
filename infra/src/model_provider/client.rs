use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use jan_domain::ports::{ChatAnswer, ChatCall, ModelProvider, ProviderFailure};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use serde::de::IgnoredAny;
use tokio::time::Instant;

use super::failure;
use super::measure::{CallMeasure, Instruments, ModelMeasure, Operation};
use super::question::Question;
use super::settings::{ProviderSettings, ProviderSetupError};
use super::stream::FrameStream;
use super::upstream::Upstream;
use super::whole::read_whole;

/// An OpenAI-compatible HTTP upstream, seen by one of its models.
#[derive(Clone)]
pub struct OpenAiProvider {
    upstream: Arc<Upstream>,
    measure: Arc<ModelMeasure>,
}

impl OpenAiProvider {
    /// Sets up connections, without opening one. Measurements name no model, and go to the global
    /// meter of this moment: telemetry comes before providers.
    pub fn try_new(settings: &ProviderSettings) -> Result<Self, ProviderSetupError> {
        let upstream = Arc::new(Upstream::try_new(settings)?);
        let instruments = Arc::new(Instruments::new(&opentelemetry::global::meter(
            "jan-server",
        )));
        let measure = Arc::new(ModelMeasure::new(instruments, &upstream.name, ""));
        Ok(Self { upstream, measure })
    }

    /// The same connections, measured under a model's name.
    #[must_use]
    pub fn for_model(&self, model: &str) -> Self {
        let instruments = self.measure.instruments();
        let measure = ModelMeasure::new(instruments, &self.upstream.name, model);
        Self {
            upstream: Arc::clone(&self.upstream),
            measure: Arc::new(measure),
        }
    }

    pub(super) fn upstream(&self) -> &Arc<Upstream> {
        &self.upstream
    }
}

impl ModelProvider for OpenAiProvider {
    fn chat(&self, call: ChatCall) -> BoxFuture<'static, Result<ChatAnswer, ProviderFailure>> {
        let upstream = Arc::clone(&self.upstream);
        let measure = CallMeasure::begin(&self.measure, Operation::Chat);
        Box::pin(chat(upstream, call, measure))
    }

    fn embed(&self, body: Bytes) -> BoxFuture<'static, Result<Bytes, ProviderFailure>> {
        let upstream = Arc::clone(&self.upstream);
        let mut measure = CallMeasure::begin(&self.measure, Operation::Embeddings);
        Box::pin(async move {
            let answer = embed(&upstream, &body).await;
            measure.end(answer.as_ref().err());
            answer
        })
    }
}

async fn chat(
    upstream: Arc<Upstream>,
    call: ChatCall,
    mut measure: CallMeasure,
) -> Result<ChatAnswer, ProviderFailure> {
    let limits = &upstream.limits;
    let patience = if call.stream {
        limits.first_byte
    } else {
        limits.first_byte_whole
    };
    let deadline = Instant::now() + patience;
    let whole = match open(&upstream, &call, deadline).await {
        Ok((response, AnswerKind::Stream)) => {
            let frames = FrameStream::new(&upstream, response, deadline, measure);
            return Ok(ChatAnswer::Stream(Box::pin(frames)));
        }
        Ok((response, AnswerKind::Whole)) => read_json(&upstream, response, deadline).await,
        Err(failure) => Err(failure),
    };
    measure.end(whole.as_ref().err());
    whole.map(ChatAnswer::Whole)
}

/// Asks, and finds out from the head of the answer what is coming.
async fn open(
    upstream: &Upstream,
    call: &ChatCall,
    deadline: Instant,
) -> Result<(Response, AnswerKind), ProviderFailure> {
    let traceparent = call
        .traceparent
        .as_deref()
        .and_then(|text| text.parse().ok());
    let question = Question::Chat {
        stream: call.stream,
    };
    let response = ask(
        upstream,
        question,
        &call.body,
        traceparent.as_ref(),
        deadline,
    )
    .await?;
    let kind = AnswerKind::of(&response, call.stream)?;
    Ok((response, kind))
}

async fn embed(upstream: &Upstream, body: &Bytes) -> Result<Bytes, ProviderFailure> {
    let deadline = Instant::now() + upstream.limits.first_byte;
    let response = ask(upstream, Question::Embeddings, body, None, deadline).await?;
    match AnswerKind::of(&response, false)? {
        AnswerKind::Whole => read_json(upstream, response, deadline).await,
        AnswerKind::Stream => Err(ProviderFailure::Garbled),
    }
}

/// Asks; any answer but a success is a failure.
pub(super) async fn ask(
    upstream: &Upstream,
    question: Question,
    body: &Bytes,
    traceparent: Option<&HeaderValue>,
    deadline: Instant,
) -> Result<Response, ProviderFailure> {
    let response = upstream.ask(question, body, traceparent, deadline).await?;
    if response.status().is_success() {
        return Ok(response);
    }
    Err(failure::of_answer((&upstream.name, &upstream.mask), response).await)
}

/// Reads an answer that has to be JSON.
pub(super) async fn read_json(
    upstream: &Upstream,
    response: Response,
    deadline: Instant,
) -> Result<Bytes, ProviderFailure> {
    let limits = &upstream.limits;
    let body = read_whole(response, deadline, limits.silence, limits.whole_bytes_max).await?;
    let text = str::from_utf8(&body).map_err(|_| ProviderFailure::Garbled)?;
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Ok(body),
        Err(_) => Err(ProviderFailure::Garbled),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AnswerKind {
    Whole,
    Stream,
}

impl AnswerKind {
    /// The content type decides: an upstream that cannot stream answers whole even when a stream
    /// was asked for. A stream that nobody asked for is garbled, and so is an HTML page.
    fn of(response: &Response, stream_wanted: bool) -> Result<Self, ProviderFailure> {
        let header = response.headers().get(CONTENT_TYPE);
        Self::of_content_type(header.map(HeaderValue::as_bytes), stream_wanted)
    }

    fn of_content_type(
        content_type: Option<&[u8]>,
        stream_wanted: bool,
    ) -> Result<Self, ProviderFailure> {
        let media_type = content_type.map(|value| {
            let end = value
                .iter()
                .position(|byte| *byte == b';')
                .unwrap_or(value.len());
            value[..end].trim_ascii()
        });
        match media_type {
            None if stream_wanted => Ok(Self::Stream),
            None => Ok(Self::Whole),
            Some(kind) if kind.eq_ignore_ascii_case(b"application/json") => Ok(Self::Whole),
            Some(kind) if stream_wanted && kind.eq_ignore_ascii_case(b"text/event-stream") => {
                Ok(Self::Stream)
            }
            Some(_) => Err(ProviderFailure::Garbled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AnswerKind, ProviderFailure};

    #[test]
    fn the_content_type_tells_what_is_coming() {
        let kind =
            |text: &'static str, stream| AnswerKind::of_content_type(Some(text.as_bytes()), stream);
        for json in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON ",
        ] {
            assert_eq!(kind(json, false), Ok(AnswerKind::Whole));
            assert_eq!(kind(json, true), Ok(AnswerKind::Whole));
        }
        assert_eq!(
            kind("text/event-stream; charset=utf-8", true),
            Ok(AnswerKind::Stream)
        );
        assert_eq!(
            kind("text/event-stream", false),
            Err(ProviderFailure::Garbled)
        );
        assert_eq!(kind("text/html", true), Err(ProviderFailure::Garbled));
        assert_eq!(kind("text/html", false), Err(ProviderFailure::Garbled));
        assert_eq!(
            AnswerKind::of_content_type(None, true),
            Ok(AnswerKind::Stream)
        );
        assert_eq!(
            AnswerKind::of_content_type(None, false),
            Ok(AnswerKind::Whole)
        );
    }
}
