use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Failure, IncompleteReason, Progress, RequestedCall, ResponseCommand, ResponseError,
    ResponseEvent, Retention, Usage,
};
use crate::caller::Owner;
use crate::decider::{self, Decider};
use crate::id::{NodeId, StepId};
use crate::user_metadata::UserMetadata;

/// The life of one model call: requested, answered one way, closed for good.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Response {
    /// Not yet.
    #[default]
    NotRequested,
    /// The step is planned; its outcome is not known.
    Open(OpenResponse),
    /// Ended, one way, for good.
    Closed {
        /// What was asked.
        call: OpenResponse,
        /// How it ended.
        ending: Ending,
    },
    /// Out of the caller's sight.
    Deleted {
        /// Whose it was.
        owner: Owner,
    },
}

/// What later decisions need to know of a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenResponse {
    /// Whose it is.
    pub owner: Owner,
    /// The planned step.
    pub step: StepId,
    /// The process that answers.
    pub node: NodeId,
    /// How much is kept.
    pub retention: Retention,
    /// The model asked for.
    pub model: String,
    /// Whether the client reads a stream.
    pub stream: bool,
    /// When it was accepted.
    pub requested_at: DateTime<Utc>,
    /// The client's own pairs.
    pub metadata: UserMetadata,
    /// How far it has come, if it is a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Box<Progress>>,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ending {
    /// Whole.
    Completed {
        /// What was said.
        answer: Answer,
        /// What it cost.
        usage: Usage,
    },
    /// Cut short on our side.
    Incomplete {
        /// Why.
        reason: IncompleteReason,
        /// What had been said.
        answer: Answer,
        /// What it cost.
        usage: Usage,
    },
    /// Without an answer.
    Failed {
        /// Why.
        failure: Failure,
        /// What had been said before.
        partial: Option<Answer>,
    },
    /// Stopped by its caller.
    Cancelled {
        /// What had been said and done.
        answer: Answer,
        /// What it cost.
        usage: Usage,
    },
}

impl Response {
    /// How far a run has come, or had come when it ended.
    pub fn progress(&self) -> Option<&Progress> {
        match self {
            Self::Open(call) | Self::Closed { call, .. } => call.run.as_deref(),
            Self::NotRequested | Self::Deleted { .. } => None,
        }
    }

    /// Whose it is, also after its end.
    pub fn owner(&self) -> Option<&Owner> {
        match self {
            Self::NotRequested => None,
            Self::Open(call) | Self::Closed { call, .. } => Some(&call.owner),
            Self::Deleted { owner } => Some(owner),
        }
    }
}

impl Decider for Response {
    fn decide(&self, command: ResponseCommand) -> Result<Vec<ResponseEvent>, ResponseError> {
        use ResponseCommand as C;
        use ResponseEvent as E;
        match command {
            C::Request { call, at } => self.request(call, at),
            C::Complete {
                answer,
                usage,
                timing,
                at,
            } => self.close(E::Completed {
                answer,
                usage,
                timing,
                at,
            }),
            C::Interrupt {
                reason,
                answer,
                usage,
                timing,
                at,
            } => self.close(E::Incomplete {
                reason,
                answer,
                usage,
                timing,
                at,
            }),
            C::Fail {
                failure,
                partial,
                timing,
                at,
            } => self.close(match self.progress() {
                Some(run) if partial.is_none() => run.failed(failure, timing, at),
                _ => E::Failed {
                    failure,
                    partial,
                    usage: Usage::default(),
                    timing,
                    at,
                },
            }),
            C::Claim { node, epoch, at } => self.claim(node, epoch, at),
            C::RecordStep {
                step,
                outcome,
                epoch,
                took_ms,
                timing,
                at,
            } => self.record_step((&step, epoch), *outcome, took_ms, (timing, at)),
            C::Stop {
                reason,
                said,
                timing,
                at,
            } => self.stop(reason, said.as_deref(), timing, at),
            C::Cancel { at } => self.cancel(at),
            C::ReplaceMetadata { metadata, at } => self.replace_metadata(metadata, at),
            C::Delete { at } => self.delete(at),
        }
    }
}

impl Response {
    fn request(
        &self,
        call: Box<RequestedCall>,
        at: DateTime<Utc>,
    ) -> Result<Vec<ResponseEvent>, ResponseError> {
        match self {
            Self::NotRequested => {
                let requested = ResponseEvent::Requested { call, at };
                let mut begun = Self::NotRequested;
                begun.apply(requested.clone());
                let first = begun
                    .progress()
                    .map(Progress::beginning)
                    .unwrap_or_default();
                let planned = first.into_iter().map(|step| ResponseEvent::StepPlanned {
                    step: Box::new(step),
                    at,
                });
                Ok(std::iter::once(requested).chain(planned).collect())
            }
            Self::Open(known) | Self::Closed { call: known, .. }
                if known.owner == call.owner && known.step == call.step.id =>
            {
                Ok(vec![])
            }
            _ => Err(ResponseError::AlreadyExists),
        }
    }

    /// The first ending stands. The same one again is no news; another one is refused.
    pub(super) fn close(&self, ended: ResponseEvent) -> Result<Vec<ResponseEvent>, ResponseError> {
        match self {
            Self::NotRequested => Err(ResponseError::NotFound),
            Self::Open(_) => Ok(vec![ended]),
            Self::Closed { ending, .. } if ending.is_told_by(&ended) => Ok(vec![]),
            Self::Closed { .. } | Self::Deleted { .. } => Err(ResponseError::AlreadyClosed),
        }
    }

    fn replace_metadata(
        &self,
        metadata: UserMetadata,
        at: DateTime<Utc>,
    ) -> Result<Vec<ResponseEvent>, ResponseError> {
        match self {
            Self::NotRequested | Self::Deleted { .. } => Err(ResponseError::NotFound),
            Self::Open(call) | Self::Closed { call, .. } if !call.is_readable() => {
                Err(ResponseError::NotFound)
            }
            Self::Open(call) | Self::Closed { call, .. } if call.metadata == metadata => Ok(vec![]),
            Self::Open(_) | Self::Closed { .. } => {
                Ok(vec![ResponseEvent::MetadataReplaced { metadata, at }])
            }
        }
    }

    fn delete(&self, at: DateTime<Utc>) -> Result<Vec<ResponseEvent>, ResponseError> {
        match self {
            Self::NotRequested => Err(ResponseError::NotFound),
            Self::Open(call) | Self::Closed { call, .. } if !call.is_readable() => {
                Err(ResponseError::NotFound)
            }
            Self::Open(_) => Err(ResponseError::StillOpen),
            Self::Closed { .. } => Ok(vec![ResponseEvent::Deleted { at }]),
            Self::Deleted { .. } => Ok(vec![]),
        }
    }
}

impl Ending {
    /// The ending that an event tells; most tell none.
    fn told_by(event: ResponseEvent) -> Option<Self> {
        use ResponseEvent as E;
        Some(match event {
            E::Completed { answer, usage, .. } => Self::Completed { answer, usage },
            E::Incomplete {
                reason,
                answer,
                usage,
                ..
            } => Self::Incomplete {
                reason,
                answer,
                usage,
            },
            E::Failed {
                failure, partial, ..
            } => Self::Failed { failure, partial },
            E::Cancelled { answer, usage, .. } => Self::Cancelled { answer, usage },
            _ => return None,
        })
    }

    /// Whether `event` ends a call the same way, however long it took to say so.
    pub(super) fn is_told_by(&self, event: &ResponseEvent) -> bool {
        use ResponseEvent as E;
        match (self, event) {
            (
                Self::Completed { answer, usage },
                E::Completed {
                    answer: told,
                    usage: counted,
                    ..
                },
            )
            | (
                Self::Incomplete { answer, usage, .. },
                E::Incomplete {
                    answer: told,
                    usage: counted,
                    ..
                },
            ) => answer == told && usage == counted,
            (Self::Failed { failure, .. }, E::Failed { failure: told, .. }) => failure == told,
            (Self::Cancelled { .. }, E::Cancelled { .. }) => true,
            _ => false,
        }
    }
}

impl Aggregate for Response {
    const TYPE: &'static str = "response";
    type Command = ResponseCommand;
    type Event = ResponseEvent;
    type Error = ResponseError;
    type Services = ();

    async fn handle(
        &mut self,
        command: ResponseCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), ResponseError> {
        decider::handle(self, command, sink).await
    }

    fn apply(&mut self, event: ResponseEvent) {
        use ResponseEvent as E;
        match (std::mem::take(self), event) {
            (Self::NotRequested, E::Requested { call, at }) => {
                *self = Self::Open(OpenResponse::of(*call, at));
            }
            (
                Self::Open(call),
                event @ (E::Completed { .. }
                | E::Incomplete { .. }
                | E::Failed { .. }
                | E::Cancelled { .. }),
            ) => {
                *self = match Ending::told_by(event) {
                    Some(ending) => Self::Closed { call, ending },
                    None => Self::Open(call),
                };
            }
            (
                Self::Open(mut call),
                event @ (E::Claimed { .. }
                | E::StepPlanned { .. }
                | E::StepSucceeded { .. }
                | E::StepFailed { .. }
                | E::StepOutcomeUnknown { .. }),
            ) if call.run.is_some() => {
                call.go_on(event);
                *self = Self::Open(call);
            }
            (Self::Open(mut call), E::MetadataReplaced { metadata, .. }) => {
                call.metadata = metadata;
                *self = Self::Open(call);
            }
            (Self::Closed { mut call, ending }, E::MetadataReplaced { metadata, .. }) => {
                call.metadata = metadata;
                *self = Self::Closed { call, ending };
            }
            (Self::Closed { call, .. }, E::Deleted { .. }) => {
                *self = Self::Deleted { owner: call.owner };
            }
            (state, event) => {
                debug_assert!(false, "{event:?} cannot follow {state:?}");
                *self = state;
            }
        }
    }
}

impl OpenResponse {
    fn of(mut call: RequestedCall, at: DateTime<Utc>) -> Self {
        let terms = call.run.take();
        let run = terms.map(|terms| Box::new(Progress::begun(&call, *terms, at)));
        Self {
            run,
            owner: call.owner,
            step: call.step.id,
            node: call.node,
            retention: call.retention,
            model: call.model,
            stream: call.stream,
            requested_at: at,
            metadata: call.metadata,
        }
    }

    /// Whether its caller may read it back, and hence change or delete it.
    fn is_readable(&self) -> bool {
        self.retention == Retention::Stored
    }
}
