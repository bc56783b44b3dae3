//! The stream of Jan Server's own response service: five events, without numbers.

use axum::response::Response;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jan_commands::run::{Numbered, RunEnding, StreamEvent};
use jan_domain::response::run::call_error_text;
use serde_json::{Value, json};

use super::jan::Painter;
use super::portrait::Stand;
use super::stream::sse;

/// The stream of a response. `held` is kept until the stream is over or its client has gone.
pub(super) fn response(
    painter: Painter,
    events: BoxStream<'static, Numbered>,
    held: impl Send + 'static,
) -> Response {
    let frames = events.flat_map(move |(_, event)| {
        let told = told(&painter, &event);
        stream::iter(told.map(|(name, data)| format!("event: {name}\ndata: {data}\n\n")))
    });
    sse(frames.boxed(), held)
}

fn told(painter: &Painter, event: &StreamEvent) -> Option<(&'static str, Value)> {
    let id = &painter.portrait.id;
    Some(match event {
        StreamEvent::Created => (
            "response.created",
            painter.jan_object(&Stand::open("in_progress"), None),
        ),
        StreamEvent::TextDelta { delta, .. } => (
            "response.output_text.delta",
            json!({"id": id, "delta": delta}),
        ),
        StreamEvent::ItemDone { item, .. } if item["type"] == "function_call" => (
            "response.tool_call",
            json!({"id": id, "call": {"id": item["call_id"], "name": item["name"],
                "arguments": item["arguments"]}}),
        ),
        StreamEvent::McpArgumentsDone { at, arguments } => (
            "response.tool_call",
            json!({"id": id, "call": {"id": at.item_id, "arguments": arguments}}),
        ),
        StreamEvent::ItemDone { item, .. } if item["type"] == "mcp_call" => (
            "response.tool_result",
            json!({"id": id, "call_id": item["id"], "result": {
                "tool_name": item["name"],
                "content": [{"type": "text", "text": item["output"]}],
                "is_error": !item["error"].is_null(),
                "error": call_error_text(&item["error"]),
            }}),
        ),
        StreamEvent::Ended(outcome) => match &outcome.ending {
            RunEnding::Failed(failure) => ("response.error", json!({"message": failure.message})),
            _ => (
                "response.completed",
                painter.jan_object(&Stand::ended(outcome), None),
            ),
        },
        _ => return None,
    })
}
