//! The serving loop around hyper: bounded connections, bounded waits, a clean end.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::edge::Edge;
use crate::state::EdgeLimits;

/// Pause after the system could not give us a connection, so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Most of a request that is held before its headers are known, in bytes.
const HEAD_BYTES_MAX: usize = 128 * 1024;

/// Serves connections until told to stop, then lets open requests end.
pub async fn serve(
    listener: TcpListener,
    edge: Edge,
    limits: EdgeLimits,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    let connections = Arc::new(Semaphore::new(limits.connections));
    let open = TaskTracker::new();
    let (ending, cut) = (CancellationToken::new(), CancellationToken::new());
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let Some((stream, permit)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let service = edge
            .clone()
            .map_request(|request: http::Request<Incoming>| request.map(Body::new));
        let builder = builder(limits);
        let connection = builder
            .serve_connection(patient(stream, limits), TowerToHyperService::new(service))
            .with_upgrades();
        let (ending, cut) = (ending.clone(), cut.clone());
        tracker.spawn(open.track_future(async move {
            let mut connection = std::pin::pin!(connection);
            let served = tokio::select! {
                served = connection.as_mut() => Some(served),
                () = ending.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    cut.run_until_cancelled(connection).await
                }
            };
            if let Some(Err(error)) = served {
                tracing::debug!(error = %error, "a connection ended early");
            }
            drop(permit);
        }));
    }
    ending.cancel();
    open.close();
    let patience = Duration::from_millis(limits.shutdown_timeout_ms);
    if tokio::time::timeout(patience, open.wait()).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut");
        cut.cancel();
    }
}

/// HTTP/1 only: headers must arrive in time, which hyper checks only when it has a timer.
fn builder(limits: EdgeLimits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_millis(limits.header_read_timeout_ms))
        .max_headers(100)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
}

/// A connection whose client must take what it asked for: one that stops reading would otherwise
/// hold its model call for as long as it likes.
fn patient(stream: TcpStream, limits: EdgeLimits) -> TokioIo<Pin<Box<TimeoutStream<TcpStream>>>> {
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(Duration::from_millis(limits.write_timeout_ms)));
    TokioIo::new(Box::pin(stream))
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            // Without this, every small frame waits for the last one's acknowledgement (40 ms).
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(error = %error, "TCP_NODELAY could not be set");
            }
            Some((stream, permit))
        }
        Err(error) => {
            tracing::warn!(error = %error, "a connection could not be accepted");
            None
        }
    }
}
