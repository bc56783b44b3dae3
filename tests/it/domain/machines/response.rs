use jan_domain::id::StepId;
use jan_domain::response::{Answer, Ending, Failure, Response, ResponseCommand, Retention, Usage};
use jan_domain::{Owner, UserMetadata};
use proptest::prelude::*;

use super::streams::{InMemory, InPostgres};
use super::{Model, compare, reached};
use crate::domain::laws::names;
use crate::domain::response::command;

const SEEDS: &str = "proptest-regressions/domain/machines/response.txt";

/// A call as a slip that is filled in from top to bottom.
#[derive(Debug, Clone, Default, PartialEq)]
struct Slip {
    asked: Option<Asked>,
    metadata: UserMetadata,
    ended: Option<Ended>,
    /// All that is left then is whose it was.
    thrown_away: Option<Owner>,
}

#[derive(Debug, Clone, PartialEq)]
struct Asked {
    owner: Owner,
    step: StepId,
    kept: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Ended {
    Whole(Answer, Usage),
    CutShort(Answer, Usage),
    Failed(Failure),
}

impl Slip {
    fn end(&self, told: Ended) -> Result<Option<Self>, &'static str> {
        match &self.ended {
            None => Ok(Some(Self {
                ended: Some(told),
                ..self.clone()
            })),
            Some(known) if *known == told => Ok(None),
            Some(_) => Err("AlreadyClosed"),
        }
    }

    fn thrown_away(command: &ResponseCommand) -> Result<Option<Self>, &'static str> {
        use ResponseCommand as C;
        match command {
            C::Delete { .. } => Ok(None),
            C::Request { .. } => Err("AlreadyExists"),
            C::ReplaceMetadata { .. } => Err("NotFound"),
            _ => Err("AlreadyClosed"),
        }
    }
}

impl Model for Slip {
    type Aggregate = Response;

    fn commands() -> BoxedStrategy<ResponseCommand> {
        command().boxed()
    }

    fn after(&self, command: &ResponseCommand) -> Result<Option<Self>, &'static str> {
        use ResponseCommand as C;
        if self.thrown_away.is_some() {
            return Self::thrown_away(command);
        }
        let Some(asked) = &self.asked else {
            let C::Request { call, .. } = command else {
                return Err("NotFound");
            };
            return Ok(Some(Self {
                asked: Some(Asked {
                    owner: call.owner.clone(),
                    step: call.step.id.clone(),
                    kept: call.retention == Retention::Stored,
                }),
                metadata: call.metadata.clone(),
                ..Self::default()
            }));
        };
        match command {
            C::Request { call, .. } => {
                let same = asked.owner == call.owner && asked.step == call.step.id;
                if same { Ok(None) } else { Err("AlreadyExists") }
            }
            C::Complete { answer, usage, .. } => self.end(Ended::Whole(answer.clone(), *usage)),
            C::Interrupt { answer, usage, .. } => self.end(Ended::CutShort(answer.clone(), *usage)),
            C::Fail { failure, .. } => self.end(Ended::Failed(failure.clone())),
            C::ReplaceMetadata { metadata, .. } => {
                if !asked.kept {
                    return Err("NotFound");
                }
                Ok((self.metadata != *metadata).then(|| Self {
                    metadata: metadata.clone(),
                    ..self.clone()
                }))
            }
            C::Delete { .. } if !asked.kept => Err("NotFound"),
            C::Delete { .. } if self.ended.is_none() => Err("StillOpen"),
            C::Delete { .. } => Ok(Some(Self {
                thrown_away: Some(asked.owner.clone()),
                ..Self::default()
            })),
            other => unreachable!("the strategy makes no {other:?}"),
        }
    }

    fn of(state: &Response) -> Self {
        let (call, ending) = match state {
            Response::NotRequested => return Self::default(),
            Response::Open(call) => (call, None),
            Response::Closed { call, ending, .. } => (call, Some(ending)),
            Response::Deleted { owner } => {
                return Self {
                    thrown_away: Some(owner.clone()),
                    ..Self::default()
                };
            }
        };
        let ended = ending.map(|ending| match ending {
            Ending::Completed { answer, usage } => Ended::Whole(answer.clone(), *usage),
            Ending::Incomplete { answer, usage, .. } => Ended::CutShort(answer.clone(), *usage),
            Ending::Failed { failure, .. } => Ended::Failed(failure.clone()),
            Ending::Cancelled { .. } => unreachable!("no call of one step is cancelled"),
        });
        Self {
            asked: Some(Asked {
                owner: call.owner.clone(),
                step: call.step.clone(),
                kept: call.retention == Retention::Stored,
            }),
            metadata: call.metadata.clone(),
            ended,
            thrown_away: None,
        }
    }
}

#[test]
fn responses_live_as_their_model_says() {
    compare::<InMemory<Response>, Slip>(256, SEEDS);
}

#[test]
fn responses_in_postgres_live_as_their_model_says() {
    compare::<InPostgres<Response>, Slip>(24, SEEDS);
}

#[test]
fn lives_of_responses_come_to_every_outcome() {
    let every = names(&[
        "AlreadyClosed",
        "AlreadyExists",
        "Conflict",
        "Done",
        "NoNews",
        "NotFound",
        "Seen",
        "StillOpen",
    ]);
    assert_eq!(reached::<Slip>(), every);
}
