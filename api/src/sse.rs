use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{HeaderName, HeaderValue, header};
use http_body::Frame;
use jan_commands::response::ChatEvent;

use crate::error::chunk_of_failure;

const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Events that are ready at the same moment travel in one write, up to this many bytes; an event
/// that comes alone is written alone, at once.
const WRITE_BYTES_MAX: usize = 16 * 1024;

/// A chat answer as server-sent events, ending with `[DONE]`.
pub(crate) fn chat_stream(events: BoxStream<'static, ChatEvent>) -> Response {
    let body = Body::new(SseBody {
        events,
        state: State::Telling,
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, body).into_response()
}

struct SseBody {
    events: BoxStream<'static, ChatEvent>,
    state: State,
}

enum State {
    Telling,
    Ended,
}

impl http_body::Body for SseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let mut write = BytesMut::new();
        while matches!(self.state, State::Telling) && write.len() < WRITE_BYTES_MAX {
            match self.events.poll_next_unpin(cx) {
                Poll::Ready(Some(event)) => put(&mut write, event),
                Poll::Ready(None) => {
                    write.put_slice(b"data: [DONE]\n\n");
                    self.state = State::Ended;
                }
                Poll::Pending if write.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        if write.is_empty() {
            return Poll::Ready(None);
        }
        Poll::Ready(Some(Ok(Frame::data(write.freeze()))))
    }
}

fn put(write: &mut BytesMut, event: ChatEvent) {
    let json = match event {
        ChatEvent::Chunk(json) => json,
        ChatEvent::Failed(failure) => chunk_of_failure(failure).to_string().into(),
    };
    write.reserve(json.len() + 8);
    write.put_slice(b"data: ");
    write.put_slice(&json);
    write.put_slice(b"\n\n");
}
