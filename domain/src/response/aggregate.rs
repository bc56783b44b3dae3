use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Failure, RequestedCall, ResponseCommand, ResponseError, ResponseEvent, Retention, Usage,
};
use crate::caller::Owner;
use crate::decider::{self, Decider};
use crate::id::{NodeId, StepId};
use crate::user_metadata::UserMetadata;
use chrono::{DateTime, Utc};

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
        /// What had been said.
        answer: Answer,
        /// What it cost.
        usage: Usage,
    },
    /// Without an answer.
    Failed {
        /// Why.
        failure: Failure,
    },
}

impl Response {
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
        match (self, command) {
            (Self::NotRequested, C::Request { call, at }) => Ok(vec![E::Requested { call, at }]),
            (Self::Open(open) | Self::Closed { call: open, .. }, C::Request { call, .. })
                if open.owner == call.owner && open.step == call.step.id =>
            {
                Ok(vec![])
            }
            (_, C::Request { .. }) => Err(ResponseError::AlreadyExists),
            (Self::NotRequested, _) => Err(ResponseError::NotFound),
            (
                Self::Open(_),
                C::Complete {
                    answer,
                    usage,
                    timing,
                    at,
                },
            ) => Ok(vec![E::Completed {
                answer,
                usage,
                timing,
                at,
            }]),
            (
                Self::Open(_),
                C::Interrupt {
                    reason,
                    answer,
                    usage,
                    timing,
                    at,
                },
            ) => Ok(vec![E::Incomplete {
                reason,
                answer,
                usage,
                timing,
                at,
            }]),
            (
                Self::Open(_),
                C::Fail {
                    failure,
                    partial,
                    timing,
                    at,
                },
            ) => Ok(vec![E::Failed {
                failure,
                partial,
                timing,
                at,
            }]),
            (Self::Open(_), C::Delete { .. }) => Err(ResponseError::StillOpen),
            (Self::Closed { ending, .. }, C::Complete { answer, usage, .. }) => {
                known(&Ending::Completed { answer, usage }, ending)
            }
            (Self::Closed { ending, .. }, C::Interrupt { answer, usage, .. }) => {
                known(&Ending::Incomplete { answer, usage }, ending)
            }
            (Self::Closed { ending, .. }, C::Fail { failure, .. }) => {
                known(&Ending::Failed { failure }, ending)
            }
            (Self::Open(call) | Self::Closed { call, .. }, C::ReplaceMetadata { metadata, at }) => {
                Ok(if call.metadata == metadata {
                    vec![]
                } else {
                    vec![E::MetadataReplaced { metadata, at }]
                })
            }
            (Self::Closed { .. }, C::Delete { at }) => Ok(vec![E::Deleted { at }]),
            (Self::Deleted { .. }, C::Delete { .. }) => Ok(vec![]),
            (Self::Deleted { .. }, C::ReplaceMetadata { .. }) => Err(ResponseError::NotFound),
            (Self::Deleted { .. }, _) => Err(ResponseError::AlreadyClosed),
        }
    }
}

/// The same ending again is no news; another one is refused.
fn known(claimed: &Ending, recorded: &Ending) -> Result<Vec<ResponseEvent>, ResponseError> {
    if claimed == recorded {
        Ok(vec![])
    } else {
        Err(ResponseError::AlreadyClosed)
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
            (Self::Open(call), E::Completed { answer, usage, .. }) => {
                *self = Self::Closed {
                    call,
                    ending: Ending::Completed { answer, usage },
                };
            }
            (Self::Open(call), E::Incomplete { answer, usage, .. }) => {
                *self = Self::Closed {
                    call,
                    ending: Ending::Incomplete { answer, usage },
                };
            }
            (Self::Open(call), E::Failed { failure, .. }) => {
                *self = Self::Closed {
                    call,
                    ending: Ending::Failed { failure },
                };
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
    fn of(call: RequestedCall, at: DateTime<Utc>) -> Self {
        Self {
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
}
