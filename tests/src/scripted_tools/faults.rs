use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;

use super::performance::Performance;
use super::script::Fault;

/// Between what is sent and what breaks it off, so that it does arrive.
const MOMENT: Duration = Duration::from_millis(20);

/// What takes the place of an answer.
pub(super) async fn answer(fault: Fault, performance: Performance) -> Response {
    if fault == Fault::Hang {
        // The performance is abandoned when the caller has had enough.
        let () = std::future::pending().await;
    }
    performance.end();
    let json = [(header::CONTENT_TYPE, "application/json")];
    let events = [(header::CONTENT_TYPE, "text/event-stream")];
    match fault {
        Fault::Cut => (json, broken(r#"{"jsonrpc":"2.0","#)).into_response(),
        Fault::HangUp | Fault::Hang => (json, broken("")).into_response(),
        Fault::Garbage => (json, "{\"jsonrpc\": no").into_response(),
        Fault::Page => axum::response::Html("<p>hello</p>").into_response(),
        Fault::StreamCut => (events, broken(": still there\n\n")).into_response(),
        Fault::StreamGarbage => (events, "data: no\n\n").into_response(),
        Fault::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
            (status, "as you wish").into_response()
        }
    }
}

/// A body whose connection breaks after these words.
fn broken(words: &'static str) -> Body {
    let words = stream::once(async move { Ok(Bytes::from_static(words.as_bytes())) });
    let end = stream::once(async {
        tokio::time::sleep(MOMENT).await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Body::from_stream(stream::StreamExt::chain(words, end))
}
