//! A response as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::{HeaderName, HeaderValue, header};
use jan_commands::run::{Numbered, StreamEvent};
use serde_json::{Value, json};

use super::portrait::{Portrait, Stand, error_of};

const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Silence after which a comment says that the stream lives.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Events as their wire tells them: name and JSON text.
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) json: String,
}

/// One event in OpenAI's words.
pub(crate) fn tell(portrait: &Portrait, number: u64, event: &StreamEvent) -> Told {
    match event {
        StreamEvent::Created => whole(portrait, number, "response.created", first(portrait)),
        StreamEvent::Queued => whole(portrait, number, "response.queued", Stand::open("queued")),
        StreamEvent::InProgress => {
            let stand = Stand::open("in_progress");
            whole(portrait, number, "response.in_progress", stand)
        }
        StreamEvent::Ended(outcome) => {
            let stand = Stand::ended(outcome);
            let name = match stand.status {
                "completed" => "response.completed",
                "incomplete" => "response.incomplete",
                // OpenAI has no event of its own for a response that was cancelled.
                _ => "response.failed",
            };
            whole(portrait, number, name, stand)
        }
        StreamEvent::Error(failure) => {
            let mut error = error_of(failure);
            error["type"] = json!("server_error");
            error["param"] = Value::Null;
            let told = json!({"type": "error", "sequence_number": number, "error": error});
            Told {
                name: "error".to_owned(),
                json: told.to_string(),
            }
        }
        StreamEvent::ItemDone { output_index, item } => {
            let mut item = item.clone();
            portrait.leave_out(&mut item);
            plain(
                number,
                &StreamEvent::ItemDone {
                    output_index: *output_index,
                    item,
                },
            )
        }
        told => plain(number, told),
    }
}

fn first(portrait: &Portrait) -> Stand {
    Stand::open(if portrait.background {
        "queued"
    } else {
        "in_progress"
    })
}

fn whole(portrait: &Portrait, number: u64, name: &str, stand: Stand) -> Told {
    let told = json!({
        "type": name,
        "sequence_number": number,
        "response": portrait.object(stand),
    });
    Told {
        name: name.to_owned(),
        json: told.to_string(),
    }
}

/// An event that is told as it is: its number is put behind its type, which serde writes first.
fn plain(number: u64, event: &StreamEvent) -> Told {
    let text = serde_json::to_string(event).unwrap_or_default();
    let name = text.split('"').nth(3).unwrap_or_default().to_owned();
    let rest = text.get(name.len() + 10..).unwrap_or_default();
    let json = format!("{{\"type\":\"{name}\",\"sequence_number\":{number}{rest}");
    Told { name, json }
}

/// The stream of a response. `held` is kept until the stream is over or its client has gone.
pub(super) fn response(
    portrait: Portrait,
    events: BoxStream<'static, Numbered>,
    held: impl Send + 'static,
) -> Response {
    let portrait = Arc::new(portrait);
    let frames = events.map(move |(number, event)| {
        let Told { name, json } = tell(&portrait, number, &event);
        let mut frame = format!("event: {name}\ndata: {json}\n\n");
        if event.is_last() {
            // OpenAI's own stream ends without it; Open Responses wants it, and nobody minds.
            frame.push_str("data: [DONE]\n\n");
        }
        frame
    });
    sse(frames.boxed(), held)
}

/// Frames as an answer, with comments while nothing is told.
pub(super) fn sse(frames: BoxStream<'static, String>, held: impl Send + 'static) -> Response {
    let living = stream::unfold((frames, held), |(mut frames, held)| async move {
        let frame = match tokio::time::timeout(KEEP_ALIVE, frames.next()).await {
            Ok(frame) => frame?,
            Err(_) => ": keep-alive\n\n".to_owned(),
        };
        Some((Ok::<_, Infallible>(Bytes::from(frame)), (frames, held)))
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(living)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_commands::run::{ItemPlace, PartPlace};
    use jan_domain::id::ItemId;

    #[test]
    fn the_number_stands_behind_the_type() {
        let item_id = ItemId::parse("msg_1").unwrap();
        let told = plain(
            7,
            &StreamEvent::TextDelta {
                at: PartPlace {
                    item_id: item_id.clone(),
                    output_index: 0,
                    content_index: 1,
                },
                delta: "a \"b\"".to_owned(),
                logprobs: Vec::new(),
            },
        );
        assert_eq!(told.name, "response.output_text.delta");
        let read: Value = serde_json::from_str(&told.json).unwrap();
        assert_eq!(
            read,
            json!({"type": "response.output_text.delta", "sequence_number": 7, "item_id": "msg_1",
                "output_index": 0, "content_index": 1, "delta": "a \"b\"", "logprobs": []})
        );
        let place = ItemPlace {
            item_id,
            output_index: 2,
        };
        let told = plain(8, &StreamEvent::McpInProgress(place));
        let read: Value = serde_json::from_str(&told.json).unwrap();
        assert_eq!(
            read,
            json!({"type": "response.mcp_call.in_progress", "sequence_number": 8,
                "item_id": "msg_1", "output_index": 2})
        );
    }
}
