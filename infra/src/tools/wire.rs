use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use jan_domain::ports::ToolFailure;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::model::{ClientJsonRpcMessage, GetExtensions};
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
    StreamableHttpResponseLimits,
};
use serde::de::IgnoredAny;
use sse_stream::Sse;

use super::challenge::Challenge;
use super::failure::{WireFailure, before_sending, of_http, of_stream};

type Headers = HashMap<HeaderName, HeaderValue>;

/// Goes with a request through rmcp and comes to its HTTP exchange: the headers of this one request,
/// and a slip on which the exchange writes what became of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    headers: Headers,
    fate: Arc<Fate>,
}

#[derive(Debug, Default)]
struct Fate {
    sent: AtomicBool,
    failure: OnceLock<ToolFailure>,
}

impl Note {
    pub(super) fn with_headers(headers: Headers) -> Self {
        Self {
            headers,
            fate: Arc::default(),
        }
    }

    /// What a failure means, now that it is known how far the request came.
    pub(super) fn honest(&self, failure: ToolFailure) -> ToolFailure {
        if !self.fate.sent.load(Ordering::Acquire) {
            return before_sending(failure);
        }
        self.explained(failure)
    }

    /// A failure with its reason, where the exchange knows it and rmcp does not.
    pub(super) fn explained(&self, failure: ToolFailure) -> ToolFailure {
        match (failure, self.fate.failure.get()) {
            (ToolFailure::Cut, Some(reason)) => reason.clone(),
            (failure, _) => failure,
        }
    }

    /// The server said that it did not look at the request.
    pub(super) fn take_back(&self) {
        self.fate.sent.store(false, Ordering::Release);
    }

    fn send(&self) {
        self.fate.sent.store(true, Ordering::Release);
    }

    fn fail(&self, failure: ToolFailure) {
        // The first reason is the reason; what follows follows from it.
        drop(self.fate.failure.set(failure));
    }
}

/// HTTP for rmcp: its own, with notes read and failures told in our words.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    pub(super) client: reqwest::Client,
    pub(super) challenge: Arc<Challenge>,
}

type Failed = StreamableHttpError<WireFailure>;

impl StreamableHttpClient for Wire {
    type Error = WireFailure;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(
            uri,
            message,
            session_id,
            auth_header,
            headers,
            limits,
        )
        .await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        mut headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Failed> {
        let note = note_of(&message);
        headers.extend(note.headers.clone());
        note.send();
        let answer = self
            .client
            .post_message_with_response_limits(
                uri,
                message,
                session_id,
                auth_header,
                headers,
                limits,
            )
            .await
            .inspect_err(|error| self.challenge.hear(error))
            .map_err(of_http)?;
        Ok(match answer {
            StreamableHttpPostResponse::Sse(events, session) => {
                StreamableHttpPostResponse::Sse(watched(events, note), session)
            }
            whole => whole,
        })
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        headers: Headers,
    ) -> Result<(), Failed> {
        let deleted = self
            .client
            .delete_session(uri, session_id, auth_header, headers);
        deleted.await.map_err(of_http)
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        headers: Headers,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        let most = StreamableHttpResponseLimits::default().max_sse_event_size;
        self.get_stream_with_max_sse_event_size(
            uri,
            session_id,
            last_event_id,
            auth_header,
            headers,
            most,
        )
        .await
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        headers: Headers,
        max_sse_event_size: usize,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failed> {
        self.client
            .get_stream_with_max_sse_event_size(
                uri,
                session_id,
                last_event_id,
                auth_header,
                headers,
                max_sse_event_size,
            )
            .await
            .map_err(of_http)
    }
}

fn note_of(message: &ClientJsonRpcMessage) -> Note {
    let ClientJsonRpcMessage::Request(request) = message else {
        return Note::default();
    };
    request
        .request
        .extensions()
        .get::<Note>()
        .cloned()
        .unwrap_or_default()
}

/// Writes down why a stream ends without an answer; rmcp says only that it does.
fn watched(
    events: BoxStream<'static, Result<Sse, SseError>>,
    note: Note,
) -> BoxStream<'static, Result<Sse, SseError>> {
    let broken = note.clone();
    events
        .inspect_ok(move |event| {
            let data = event.data.as_deref().unwrap_or_default();
            if !data.is_empty() && serde_json::from_str::<IgnoredAny>(data).is_err() {
                note.fail(ToolFailure::Garbled);
            }
        })
        .inspect_err(move |error| broken.fail(of_stream(error)))
        .boxed()
}
