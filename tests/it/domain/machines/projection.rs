use std::collections::BTreeSet;

use jan_domain::projection::{Projection, ProjectionCommand};
use proptest::prelude::*;

use super::streams::{InMemory, InPostgres};
use super::{Model, compare, reached};
use crate::domain::laws::names;
use crate::domain::projection::command;

const SEEDS: &str = "proptest-regressions/domain/machines/projection.txt";

/// A read model as a list of what it leaves out.
#[derive(Debug, Clone, Default, PartialEq)]
struct LeftOut(BTreeSet<i64>);

impl Model for LeftOut {
    type Aggregate = Projection;

    fn commands() -> BoxedStrategy<ProjectionCommand> {
        command().boxed()
    }

    fn after(&self, command: &ProjectionCommand) -> Result<Option<Self>, &'static str> {
        let ProjectionCommand::SkipEvent {
            position, reason, ..
        } = command;
        let says_nothing = reason.chars().all(char::is_whitespace);
        if says_nothing || reason.contains('\0') {
            return Err("ReasonUnfit");
        }
        let mut after = self.clone();
        Ok(after.0.insert(*position).then_some(after))
    }

    fn of(state: &Projection) -> Self {
        Self(state.skipped.clone())
    }
}

#[test]
fn decisions_about_projections_add_up_as_their_model_says() {
    compare::<InMemory<Projection>, LeftOut>(256, SEEDS);
}

#[test]
fn decisions_about_projections_in_postgres_add_up_as_their_model_says() {
    compare::<InPostgres<Projection>, LeftOut>(24, SEEDS);
}

#[test]
fn decisions_about_projections_come_to_every_outcome() {
    let every = names(&["Conflict", "Done", "NoNews", "ReasonUnfit", "Seen"]);
    assert_eq!(reached::<LeftOut>(), every);
}
