//! The rules of decisions about a read model, one sentence each.

use chrono::DateTime;
use cqrs_es::test::TestFramework;

use super::{Projection, ProjectionCommand, ProjectionError, ProjectionEvent};

fn decided(
    given: Vec<ProjectionEvent>,
    reason: &str,
) -> Result<Vec<ProjectionEvent>, ProjectionError> {
    TestFramework::<Projection>::with(())
        .given(given)
        .when(ProjectionCommand::SkipEvent {
            position: 7,
            stream: "conv_1".to_owned(),
            reason: reason.to_owned(),
            at: DateTime::UNIX_EPOCH,
        })
        .inspect_result()
}

fn skipped(position: i64) -> ProjectionEvent {
    ProjectionEvent::EventSkipped {
        position,
        stream: "conv_1".to_owned(),
        reason: "a NUL".to_owned(),
        at: DateTime::UNIX_EPOCH,
    }
}

#[test]
fn an_event_is_skipped_once() {
    assert_eq!(decided(vec![skipped(6)], " a NUL "), Ok(vec![skipped(7)]));
    assert_eq!(decided(vec![skipped(7)], "again"), Ok(vec![]));
}

#[test]
fn a_reason_is_given_in_a_few_words() {
    for reason in ["", "  ", "a\0b", &"x".repeat(501)] {
        assert_eq!(decided(vec![], reason), Err(ProjectionError::ReasonUnfit));
    }
}
