//! A model whose frames say when they were written, at an even pace.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use futures::stream;
use http::header;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::ResponsesSettings;

/// Microseconds since this process first asked. Every thread reads the same clock.
pub(super) fn now() -> u64 {
    static BEGAN: OnceLock<Instant> = OnceLock::new();
    let passed = BEGAN.get_or_init(Instant::now).elapsed().as_micros();
    u64::try_from(passed).unwrap_or(u64::MAX)
}

/// How a frame says when it was written: nothing else in an answer holds these signs.
pub(super) const MARK: (u8, u8) = (b'@', b';');

/// A model in a thread of its own, whose every word is the time at which it was written. It stops
/// when it is dropped.
pub(super) struct PacedModel {
    pub(super) address: SocketAddr,
    _serving: JoinHandle<()>,
    _stop: DropGuard,
}

/// The pace of every answer.
#[derive(Clone, Copy)]
struct Pace {
    frames: usize,
    gap: Duration,
}

impl PacedModel {
    pub(super) fn start(settings: &ResponsesSettings) -> anyhow::Result<Self> {
        let pace = Pace {
            frames: settings.frames,
            gap: Duration::from_millis(settings.frame_ms.max(1)),
        };
        let (told, heard) = mpsc::channel();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let serving = std::thread::spawn(move || {
            let served = serve(pace, &told, stopped);
            // Whoever waits for the address learns that there is none.
            let _nobody_waits = told.send(served.map(|()| None));
        });
        let address = heard.recv()??;
        Ok(Self {
            address: address.ok_or_else(|| anyhow::anyhow!("the paced model has ended"))?,
            _serving: serving,
            _stop: stop.drop_guard(),
        })
    }
}

type Told = mpsc::Sender<anyhow::Result<Option<SocketAddr>>>;

fn serve(pace: Pace, told: &Told, stop: CancellationToken) -> anyhow::Result<()> {
    let router = Router::new()
        .route("/v1/chat/completions", post(answer))
        .route("/v1/models", get(models))
        .with_state(pace);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        told.send(Ok(Some(listener.local_addr()?)))?;
        let listener = listener.tap_io(|socket| {
            // A socket that refuses is a client that has left.
            let _gone = socket.set_nodelay(true);
        });
        let serving = axum::serve(listener, router).into_future();
        match stop.run_until_cancelled(serving).await {
            Some(served) => Ok(served?),
            None => Ok(()),
        }
    })
}

async fn models() -> Json<Value> {
    let model = json!({"id": "scripted-1", "object": "model", "created": 1, "owned_by": "bench"});
    Json(json!({"object": "list", "data": [model]}))
}

async fn answer(State(pace): State<Pace>) -> Response {
    let mut ticks = interval(pace.gap);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let frames = stream::unfold((0, ticks), move |(number, ticks)| {
        frame(pace, number, ticks)
    });
    let kind = [(header::CONTENT_TYPE, "text/event-stream")];
    (kind, Body::from_stream(frames)).into_response()
}

type Next = Option<(Result<Bytes, Infallible>, (usize, Interval))>;

async fn frame(pace: Pace, number: usize, mut ticks: Interval) -> Next {
    if number > pace.frames + 2 {
        return None;
    }
    if (1..=pace.frames).contains(&number) {
        ticks.tick().await;
    }
    let (delta, finish) = match number {
        0 => (json!({"role": "assistant", "content": ""}), Value::Null),
        last if last == pace.frames + 1 => (json!({}), json!("stop")),
        end if end > pace.frames => {
            let done = Bytes::from_static(b"data: [DONE]\n\n");
            return Some((Ok(done), (number + 1, ticks)));
        }
        _ => (json!({"content": format!("@{};", now())}), Value::Null),
    };
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
    let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
        "model": "scripted-1", "choices": [choice]});
    let frame = Bytes::from(format!("data: {chunk}\n\n"));
    Some((Ok(frame), (number + 1, ticks)))
}
