//! The outermost layer: what every request passes before it is routed, and every answer after.

mod headers;
mod prefix;
mod strict;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures::future::BoxFuture;
use http::Request;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;
use tower::Service;
use tracing::Instrument;

use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::state::Server;

/// The whole surface as one service: strict checks, request id, trace, prefix, routing, headers.
#[derive(Clone)]
pub struct Edge {
    router: Router,
    server: Arc<Server>,
    duration: Histogram<f64>,
}

impl Edge {
    /// Puts the edge around the routes.
    pub fn new(router: Router, server: Arc<Server>) -> Self {
        let meter = opentelemetry::global::meter("jan-server");
        let duration = meter
            .f64_histogram("http.server.request.duration")
            .with_unit("s")
            .with_description("From the request's headers to the answer's")
            .build();
        Self {
            router,
            server,
            duration,
        }
    }

    /// Answers one request.
    pub async fn answer(self, mut request: Request<Body>) -> Response {
        let started = Instant::now();
        let method = request.method().clone();
        let (context, span) = headers::context_of(&mut request, &self.server);
        let request_id = context.request.id.clone();
        let last = strict::is_last_of_its_connection(&request);
        let flavour = context.flavour;
        let mut response = self.route(request, context).instrument(span.clone()).await;
        if flavour == Flavour::Jan {
            response = headers::in_jan_words(response, &request_id);
        }
        headers::finish(&mut response, &request_id, started.elapsed());
        if last {
            headers::close(&mut response);
        }
        span.record("http.response.status_code", response.status().as_u16());
        self.record(&method, &response, started);
        response
    }

    async fn route(&self, mut request: Request<Body>, context: RequestContext) -> Response {
        if let Err(refusal) = strict::check(&request) {
            return refusal.into_response();
        }
        request.extensions_mut().insert(context);
        let mut router = self.router.clone();
        let Ok(response) = router.call(request).await;
        response
    }

    fn record(&self, method: &http::Method, response: &Response, started: Instant) {
        let status = i64::from(response.status().as_u16());
        let attributes = [
            KeyValue::new("http.request.method", known(method)),
            KeyValue::new("http.response.status_code", status),
        ];
        self.duration
            .record(started.elapsed().as_secs_f64(), &attributes);
    }
}

/// The method's name, or OpenTelemetry's word for one that HTTP does not know: clients may make up
/// methods, and each would be a time series of its own.
fn known(method: &http::Method) -> &'static str {
    match method.as_str() {
        "CONNECT" => "CONNECT",
        "DELETE" => "DELETE",
        "GET" => "GET",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        "POST" => "POST",
        "PUT" => "PUT",
        "TRACE" => "TRACE",
        _ => "_OTHER",
    }
}

impl Service<Request<Body>> for Edge {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let edge = self.clone();
        Box::pin(async move { Ok(edge.answer(request).await) })
    }
}

/// 404 for what is routed nowhere.
pub(crate) async fn unknown_url(request: Request<Body>) -> ApiError {
    ApiError::unknown_url(request.method(), request.uri().path())
}

/// 405 for what is routed with other methods.
pub(crate) async fn method_not_allowed(request: Request<Body>) -> ApiError {
    ApiError::method_not_allowed(request.method())
}
