use jan_domain::history::Event;
use jan_domain::projection::{Projection, ProjectionCommand, ProjectionEvent};
use proptest::collection::vec;
use proptest::prelude::*;

use super::laws::{self, Subject};
use super::values::{moment, text};

impl Subject for Projection {
    fn recorded(event: ProjectionEvent) -> Event {
        Event::Projection(event)
    }
}

/// Any command.
pub(super) fn command() -> impl Strategy<Value = ProjectionCommand> {
    (1..6i64, text(), moment()).prop_map(|(position, reason, at)| ProjectionCommand::SkipEvent {
        position,
        stream: "conv_1".to_owned(),
        reason,
        at,
    })
}

fn commands() -> impl Strategy<Value = Vec<ProjectionCommand>> {
    vec(command(), 0..40)
}

proptest! {
    #[test]
    fn what_is_recorded_is_what_was_decided(commands in commands()) {
        laws::records_what_was_decided::<Projection>(commands)?;
    }

    #[test]
    fn events_add_up_to_the_state_from_any_point(commands in commands()) {
        laws::adds_up_from_any_point::<Projection>(commands)?;
    }

    #[test]
    fn every_event_reads_back_as_itself(commands in commands()) {
        laws::reads_back_as_itself::<Projection>(commands)?;
    }

    #[test]
    fn a_command_repeated_at_once_adds_nothing(commands in commands()) {
        laws::repeats_harmlessly::<Projection>(commands, |_| false)?;
    }

    #[test]
    fn what_was_left_out_stays_so(commands in commands()) {
        for step in laws::live::<Projection>(commands) {
            prop_assert!(step.after.skipped.is_superset(&step.before.skipped));
        }
    }
}

#[test]
fn the_commands_reach_every_event_and_every_refusal() {
    let (events, refusals) = laws::reached::<Projection>(&commands());
    assert_eq!(events, laws::names(&["ProjectionEventSkipped"]));
    assert_eq!(refusals, laws::names(&["ReasonUnfit"]));
}
