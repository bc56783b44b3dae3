use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use super::{ProjectionCommand, ProjectionError, ProjectionEvent};
use crate::decider::{self, Decider};
use crate::limits::SKIP_REASON_CHARS_MAX;

/// The decisions about a read model. It is there without having been made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Projection {
    /// Positions of the events it leaves out.
    pub skipped: BTreeSet<i64>,
}

impl Decider for Projection {
    fn decide(&self, command: ProjectionCommand) -> Result<Vec<ProjectionEvent>, ProjectionError> {
        let ProjectionCommand::SkipEvent {
            position,
            stream,
            reason,
            at,
        } = command;
        let reason = reason.trim();
        let fits = (1..=SKIP_REASON_CHARS_MAX).contains(&reason.chars().count());
        if !fits || reason.contains('\0') {
            return Err(ProjectionError::ReasonUnfit);
        }
        if self.skipped.contains(&position) {
            return Ok(vec![]);
        }
        Ok(vec![ProjectionEvent::EventSkipped {
            position,
            stream,
            reason: reason.to_owned(),
            at,
        }])
    }
}

impl Aggregate for Projection {
    const TYPE: &'static str = "projection";
    type Command = ProjectionCommand;
    type Event = ProjectionEvent;
    type Error = ProjectionError;
    type Services = ();

    async fn handle(
        &mut self,
        command: ProjectionCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), ProjectionError> {
        decider::handle(self, command, sink).await
    }

    fn apply(&mut self, event: ProjectionEvent) {
        let ProjectionEvent::EventSkipped { position, .. } = event;
        self.skipped.insert(position);
    }
}
