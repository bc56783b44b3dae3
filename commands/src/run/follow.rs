//! Reading a run's stream, wherever it is carried and whether or not it has ended.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jan_domain::id::ResponseId;
use jan_domain::response::{Ending, OpenResponse, Response};

use super::outcome::outcome_of;
use super::retelling::Retelling;
use super::retold::retold;
use super::{Numbered, StreamEvent};
use crate::Commands;

/// First and longest pause between two looks at what another process has written down.
const LOOK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(200));
/// Looks that find nothing before the run itself is asked whether it has ended.
const LOOKS_MAX: u32 = 4;

/// An epoch after all others: nobody writes behind the end.
const LAST: u32 = i32::MAX.unsigned_abs();

/// The events of a run from number `from` on, as they come, to the last; or until this process is
/// about to stop, for others have the rest. Whether the caller may read them is for the caller's side
/// to find out first.
pub fn follow(commands: &Commands, id: &ResponseId, from: u64) -> BoxStream<'static, Numbered> {
    let follower = Follower {
        commands: commands.clone(),
        id: id.clone(),
        next: from,
        local: None,
        ready: VecDeque::new(),
        over: false,
    };
    stream::unfold(follower, |mut follower| async move {
        Some((follower.next().await?, follower))
    })
    .boxed()
}

struct Follower {
    commands: Commands,
    id: ResponseId,
    next: u64,
    /// The stream, as long as this process carries the run.
    local: Option<BoxStream<'static, Numbered>>,
    ready: VecDeque<Numbered>,
    over: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Numbered> {
        let mut looks = 0;
        let mut pause = LOOK.0;
        while !self.over {
            if let Some((number, event)) = self.ready.pop_front() {
                self.next = number + 1;
                self.over = event.is_last();
                return Some((number, event));
            }
            if let Some(told) = self.next_here().await {
                self.ready.push_back(told);
                continue;
            }
            match self.look().await {
                Ok(true) => continue,
                Ok(false) => looks += 1,
                Err(error) => {
                    tracing::warn!(response.id = %self.id, error = %error,
                        "a stream could not be read");
                }
            }
            let stopping = self.commands.runner.local.handing_over.is_cancelled();
            if looks >= LOOKS_MAX || stopping {
                looks = 0;
                match self.finish().await {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(error) => {
                        tracing::warn!(response.id = %self.id, error = %error,
                            "a run could not be looked up");
                    }
                }
            }
            if stopping {
                // Whoever goes on with the run will not tell it here.
                return None;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK.1);
        }
        None
    }

    /// The next event, if this process carries the run.
    async fn next_here(&mut self) -> Option<Numbered> {
        if self.local.is_none() {
            let local = self.commands.runner.local.find(&self.id)?;
            self.local = Some(local.channel.read(self.next));
        }
        let told = self.local.as_mut()?.next().await;
        if told.is_none() {
            self.local = None;
        }
        told
    }

    /// Looks at what is written down; answers whether there was anything new.
    async fn look(&mut self) -> Result<bool, sqlx::Error> {
        let log = &self.commands.runner.stream_log;
        let told = log.read(&self.id, self.next).await?;
        let told = told.into_iter();
        self.ready
            .extend(told.map(|(number, event)| (number, Arc::new(event))));
        Ok(!self.ready.is_empty())
    }

    /// Tells the rest of a run that has ended: whoever carried it may have died before telling its
    /// end, or its stream was forgotten since. Answers whether there is a rest.
    async fn finish(&mut self) -> Result<bool, crate::run::RunError> {
        let loaded = self.commands.responses.load(self.id.as_str()).await?;
        let (call, (ending, at)) = match loaded.state {
            Response::Closed { call, ending, at } => (call, (ending, at)),
            Response::Open(_) => return Ok(false),
            Response::NotRequested | Response::Deleted { .. } => {
                self.over = true;
                return Ok(true);
            }
        };
        let log = &self.commands.runner.stream_log;
        let told = log.read(&self.id, 0).await?;
        let told: Vec<StreamEvent> = told.into_iter().map(|(_, event)| event).collect();
        let rest = rest(&call, (&ending, at), &told);
        let rest: Vec<_> = rest.into_iter().map(Arc::new).collect();
        // All readers hear the same end under the same numbers: whoever writes it down first tells it.
        if !rest.is_empty() {
            let written = log.append(&self.id, LAST, told.len() as u64, &rest).await?;
            if written != Some(rest.len()) {
                return Ok(false);
            }
        }
        let told = told.into_iter().map(Arc::new);
        let all: Vec<Numbered> = (0..).zip(told.chain(rest)).collect();
        // Whoever has seen more than is known now still learns how it ended.
        let from = self.next.min(all.len().saturating_sub(1) as u64);
        self.ready
            .extend(all.into_iter().filter(|(number, _)| *number >= from));
        Ok(true)
    }
}

/// What is still to be told of an ended run after `told`.
fn rest(
    call: &OpenResponse,
    (ending, at): (&Ending, DateTime<Utc>),
    told: &[StreamEvent],
) -> Vec<StreamEvent> {
    if told.last().is_some_and(StreamEvent::is_last) {
        return Vec::new();
    }
    let Some(run) = &call.run else {
        return Vec::new();
    };
    let outcome = outcome_of(ending, Some(run.usage()), at);
    let mut known = Retelling::of(told);
    let all = retold(run, &outcome).into_iter();
    all.filter_map(|event| known.fresh(event)).collect()
}
