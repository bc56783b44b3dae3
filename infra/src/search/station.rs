//! Asking one engine: with patience, again if that may help, and not at all while it is out of order.

use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::RngExt;
use reqwest::Response;
use reqwest::header::RETRY_AFTER;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::breaker::Breaker;
use super::engine::{Answer, Engine, EngineFailure};
use super::question::Question;
use super::settings::EngineName;

/// How often a question is asked, and the pauses in between.
const TRIES_MAX: u32 = 3;
const PAUSE: Duration = Duration::from_millis(250);
/// Whoever wants a longer pause is not waited for.
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// Size of an answer.
const ANSWER_BYTES_MAX: usize = 2 << 20;

/// An engine, and what is known of its state.
pub(super) struct Station {
    engine: Box<dyn Engine>,
    breaker: Breaker,
}

/// A failure, and how long the engine wants to be left alone.
struct Setback {
    failure: EngineFailure,
    pause: Option<Duration>,
}

impl Station {
    pub(super) fn of(engine: Box<dyn Engine>) -> Self {
        Self {
            engine,
            breaker: Breaker::default(),
        }
    }

    pub(super) fn name(&self) -> EngineName {
        self.engine.name()
    }

    /// Whether it is worth asking.
    pub(super) fn admits(&self) -> bool {
        self.breaker.admits(Instant::now())
    }

    /// Its answer. A future that is dropped counts as no failure.
    pub(super) async fn ask(
        &self,
        client: &reqwest::Client,
        question: &Question,
        now: DateTime<Utc>,
    ) -> Result<Answer, EngineFailure> {
        let mut tries = 1;
        let answer = loop {
            let setback = match self.ask_once(client, question, now).await {
                Ok(answer) => break Ok(answer),
                Err(setback) => setback,
            };
            let pause = setback.pause.unwrap_or_else(|| jitter(tries));
            if tries == TRIES_MAX || !setback.failure.may_pass() || pause > PAUSE_MAX {
                break Err(setback.failure);
            }
            tokio::time::sleep(pause).await;
            tries += 1;
        };
        let failure = answer.as_ref().err().copied();
        self.breaker.note(failure, Instant::now());
        answer
    }

    async fn ask_once(
        &self,
        client: &reqwest::Client,
        question: &Question,
        now: DateTime<Utc>,
    ) -> Result<Answer, Setback> {
        let sent = self.engine.request(client, question, now).send().await;
        let response = sent.map_err(|error| failure(&error))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Setback {
                failure: EngineFailure::of_status(status),
                pause: retry_after(&response),
            });
        }
        let answer = take(response).await?;
        let read = self.engine.read(&answer, question);
        let mut answer = read.ok_or(EngineFailure::Garbled)?;
        answer.hits.retain(|hit| question.wants(&hit.url));
        answer.hits.truncate(question.results_max as usize);
        Ok(answer)
    }
}

async fn take(mut response: Response) -> Result<Map<String, Value>, Setback> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failure(&error))? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(EngineFailure::Garbled.into());
        }
    }
    let answer = serde_json::from_slice(&body);
    answer.map_err(|_| EngineFailure::Garbled.into())
}

fn failure(error: &reqwest::Error) -> EngineFailure {
    if error.is_timeout() {
        EngineFailure::TimedOut
    } else if error.is_decode() || error.is_body() {
        EngineFailure::Garbled
    } else {
        EngineFailure::Unreachable
    }
}

/// Only seconds are understood; a date says as little as nothing.
fn retry_after(response: &Response) -> Option<Duration> {
    let told = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    told.trim().parse().ok().map(Duration::from_secs)
}

/// Longer each time, and never in step with others.
fn jitter(tries: u32) -> Duration {
    let most = PAUSE * 2_u32.pow(tries);
    most.mul_f64(rand::rng().random_range(0.25..1.0))
}

impl From<EngineFailure> for Setback {
    fn from(failure: EngineFailure) -> Self {
        Self {
            failure,
            pause: None,
        }
    }
}
