use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use http::{StatusCode, header};
use jan_infra::model_provider::install_crypto;
use tokio::net::TcpListener;

struct Upstream {
    client: reqwest::Client,
    url: String,
}

/// Passes chat calls on to `base_url` and their answers back, with the server's own web stack and
/// nothing else: nobody is asked who they are, nothing is checked, nothing is kept. Announces its
/// address through `started`, then serves until it is dropped.
pub async fn pass_through(
    base_url: &str,
    started: impl FnOnce(SocketAddr) -> std::io::Result<()>,
) -> anyhow::Result<()> {
    install_crypto();
    let client = reqwest::Client::builder()
        .http1_only()
        .tcp_nodelay(true)
        .no_proxy()
        .tls_certs_only([])
        .build()?;
    let url = format!("{base_url}/chat/completions");
    let router = Router::new()
        .route("/v1/chat/completions", post(pass))
        .with_state(Arc::new(Upstream { client, url }));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    started(listener.local_addr()?)?;
    let listener = listener.tap_io(|socket| {
        // Without it every frame would wait for the last one's acknowledgement; a socket that
        // refuses is a client that has left.
        let _gone = socket.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

async fn pass(State(upstream): State<Arc<Upstream>>, body: Bytes) -> Response {
    let asked = upstream
        .client
        .post(&upstream.url)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body);
    let Ok(answer) = asked.send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = answer.status();
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let mut response = if answer.content_length().is_some() {
        match answer.bytes().await {
            Ok(whole) => whole.into_response(),
            Err(_) => return StatusCode::BAD_GATEWAY.into_response(),
        }
    } else {
        Body::from_stream(answer.bytes_stream()).into_response()
    };
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}
