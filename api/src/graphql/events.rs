//! An operation as server-sent events, in the distinct connections mode of graphql-sse: `next` for
//! each answer, then `complete`.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jan_commands::runner::CallerPlace;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::answer::Answer;
use super::door::Admitted;
use super::limits::TOKEN_CHECK;
use super::schema::JanSchema;
use crate::error::ApiError;
use crate::state::ApiState;

const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const COMPLETE: &str = "event: complete\ndata:\n\n";

/// The answers to an operation, for as long as its caller's token is good.
pub(super) fn respond(
    state: &ApiState,
    schema: &JanSchema,
    headers: HeaderMap,
    admitted: Admitted,
) -> Response {
    let telling = Telling {
        answers: schema.execute_stream(admitted.request),
        state: state.clone(),
        headers,
        checks: every(TOKEN_CHECK),
        over: false,
        _place: admitted.place,
    };
    let frames = stream::unfold(telling, |mut telling| async move {
        let frame = telling.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(frame)), telling))
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (BUFFERING, HeaderValue::from_static("no")),
    ];
    (headers, Body::from_stream(frames)).into_response()
}

/// Ticks from one period on; what was missed is not caught up.
pub(super) fn every(period: Duration) -> Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

struct Telling {
    answers: BoxStream<'static, async_graphql::Response>,
    state: ApiState,
    headers: HeaderMap,
    checks: Interval,
    over: bool,
    _place: Option<CallerPlace>,
}

impl Telling {
    async fn next(&mut self) -> Option<String> {
        if self.over {
            return None;
        }
        let stopping = self.state.commands.runner.stopping();
        tokio::select! {
            answer = self.answers.next() => {
                let Some(answer) = answer else { return Some(self.end()) };
                let answer = serde_json::to_string(&Answer::from(answer)).unwrap_or_default();
                Some(format!("event: next\ndata: {answer}\n\n"))
            }
            _ = self.checks.tick() => {
                let caller = self.state.authenticator.caller(&self.headers).await;
                if caller.is_err_and(|error| error.is_unauthorized()) {
                    let refusal = ApiError::unauthorized().graphql_body();
                    let end = self.end();
                    return Some(format!("event: next\ndata: {refusal}\n\n{end}"));
                }
                // A comment says that the stream lives.
                Some(": keep-alive\n\n".to_owned())
            }
            () = stopping.cancelled() => Some(self.end()),
        }
    }

    fn end(&mut self) -> String {
        self.over = true;
        COMPLETE.to_owned()
    }
}
