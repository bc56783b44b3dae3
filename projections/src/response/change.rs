use chrono::{DateTime, Utc};
use jan_domain::response::{Answer, Failure, RequestedCall, ResponseEvent as E, Timing, Usage};
use jan_domain::user_metadata::UserMetadata;

use super::rows::ResponseStatus;

/// What a stretch of history changes about one response.
#[derive(Default)]
pub(super) struct ResponseChange {
    pub(super) opened: Option<Opened>,
    pub(super) closed: Option<Closed>,
    pub(super) metadata: Option<UserMetadata>,
    pub(super) deleted: bool,
}

/// How a call began.
pub(super) struct Opened {
    pub(super) call: RequestedCall,
    pub(super) at: DateTime<Utc>,
}

/// How it ended.
pub(super) struct Closed {
    pub(super) status: ResponseStatus,
    /// The answer as JSON text, also of calls that are not stored: an ending does not say which.
    pub(super) answer: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) timing: Timing,
    pub(super) failure: Option<Failure>,
    pub(super) at: DateTime<Utc>,
}

impl ResponseChange {
    pub(super) fn fold(&mut self, event: &E) {
        match event {
            E::Requested { call, at } => self.open(call, *at),
            E::Completed { .. } | E::Incomplete { .. } | E::Failed { .. } | E::Cancelled { .. } => {
                self.closed = self.end(event);
            }
            // Who carries a run, and its steps, are the business of another read model.
            E::Claimed { .. }
            | E::StepPlanned { .. }
            | E::StepSucceeded { .. }
            | E::StepFailed { .. }
            | E::StepOutcomeUnknown { .. } => {}
            E::MetadataReplaced { metadata, .. } => self.metadata = Some(metadata.clone()),
            E::Deleted { .. } => self.deleted = true,
        }
    }

    /// The end that an event tells.
    fn end(&self, event: &E) -> Option<Closed> {
        let ended =
            |status, answer: Option<&Answer>, usage, timing: &Timing, at: &DateTime<Utc>| Closed {
                status,
                answer: self.text(answer),
                usage,
                timing: *timing,
                failure: None,
                at: *at,
            };
        Some(match event {
            E::Completed {
                answer,
                usage,
                timing,
                at,
            } => ended(
                ResponseStatus::Completed,
                Some(answer),
                Some(*usage),
                timing,
                at,
            ),
            E::Incomplete {
                answer,
                usage,
                timing,
                at,
                ..
            } => ended(
                ResponseStatus::Incomplete,
                Some(answer),
                Some(*usage),
                timing,
                at,
            ),
            E::Cancelled {
                answer,
                usage,
                timing,
                at,
            } => ended(
                ResponseStatus::Cancelled,
                Some(answer),
                Some(*usage),
                timing,
                at,
            ),
            E::Failed {
                failure,
                partial,
                usage,
                timing,
                at,
            } => {
                let usage = (!usage.is_none()).then_some(*usage);
                Closed {
                    failure: Some(failure.clone()),
                    ..ended(ResponseStatus::Failed, partial.as_ref(), usage, timing, at)
                }
            }
            _ => return None,
        })
    }

    fn open(&mut self, call: &RequestedCall, at: DateTime<Utc>) {
        self.metadata = Some(call.metadata.clone());
        self.opened = Some(Opened {
            call: call.clone(),
            at,
        });
    }

    /// The answer's text, unless it is known already that nobody may read it.
    fn text(&self, answer: Option<&Answer>) -> Option<String> {
        let hidden = self
            .opened
            .as_ref()
            .is_some_and(|opened| !opened.call.is_stored_chat());
        let answer = answer.filter(|_| !hidden)?;
        Some(serde_json::to_string(answer).expect("answers have text keys"))
    }
}
