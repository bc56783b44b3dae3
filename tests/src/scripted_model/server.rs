//! Carries plans out over HTTP/1.1: hyper and nothing else, because benchmarks count our cycles too.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::answer::{Answer, AnswerPlan, ConnectionCut, JSON, Plan};
use super::ledger::Visit;
use super::refusal::Refusal;
use super::stage::Stage;
use super::{chat, embeddings, models};

const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// A failed accept means the process is out of descriptors; others have to close theirs first.
const AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(10);

/// Serves until it is dropped, and drops its connections with it.
pub(super) async fn serve(listener: TcpListener, stage: Arc<Stage>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => { connections.spawn(converse(stream, Arc::clone(&stage))); }
                Err(_) => sleep(AFTER_FAILED_ACCEPT).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(stream: TcpStream, stage: Arc<Stage>) {
    if stream.set_nodelay(true).is_err() {
        return; // The client is gone already.
    }
    let service = service_fn(|request| respond(Arc::clone(&stage), request));
    // An error here is a client that left or a script that cut; the ledger has counted both.
    let _ended = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(
    stage: Arc<Stage>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, ConnectionCut> {
    let mut visit = Visit::begin(&stage.ledger);
    let (parts, body) = request.into_parts();
    let plan = match Limited::new(body, BODY_BYTES_MAX).collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            stage.ledger.record(&parts, &body);
            let plan = route(
                &stage,
                &parts.method,
                parts.uri.path(),
                &parts.headers,
                &body,
            );
            plan.unwrap_or_else(|refusal| Plan::Answer(refusal.answer()))
        }
        Err(_) => Plan::Answer(too_large().answer()),
    };
    match plan {
        Plan::Answer(plan) => Ok(answer(plan, visit).await),
        Plan::HangUp { wait } => {
            sleep(wait).await;
            visit.end();
            Err(ConnectionCut)
        }
    }
}

fn route(
    stage: &Stage,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Plan, Refusal> {
    if path == "/health" {
        let ok = Bytes::from_static(br#"{"status":"ok"}"#);
        return Ok(Plan::Answer(AnswerPlan::whole(StatusCode::OK, JSON, ok)));
    }
    ensure_authorized(stage, headers)?;
    match (method, path) {
        (&Method::POST, "/v1/chat/completions") => chat::plan(stage, body),
        (&Method::POST, "/v1/embeddings") => embeddings::plan(stage, body),
        (&Method::GET, "/v1/models") => Ok(models::list(stage)),
        (&Method::GET, path) if path.starts_with("/v1/models/") => {
            models::get(stage, &path["/v1/models/".len()..])
        }
        _ => Err(Refusal::unknown_url(method, path)),
    }
}

fn ensure_authorized(stage: &Stage, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(expected) = &stage.authorization else {
        return Ok(());
    };
    match headers.get(AUTHORIZATION) {
        Some(given) if given.as_bytes() == expected.as_bytes() => Ok(()),
        _ => Err(Refusal::invalid_key()),
    }
}

async fn answer(plan: AnswerPlan, visit: Visit) -> Response<Answer> {
    if !plan.wait.is_zero() {
        sleep(plan.wait).await;
    }
    let mut response = Response::new(Answer::new(plan.pieces, plan.size_bytes, visit));
    *response.status_mut() = plan.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(plan.content_type));
    headers.extend(plan.extra_header);
    response
}

fn too_large() -> Refusal {
    let status = StatusCode::PAYLOAD_TOO_LARGE;
    Refusal::new(
        status,
        "The request body is too large or broken.",
        "invalid_request_error",
        None,
    )
}
