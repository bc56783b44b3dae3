//! The laws that all aggregates share.

use std::collections::BTreeSet;
use std::fmt::Debug;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use futures::FutureExt;
use jan_domain::Decider;
use jan_domain::history::{self, Event};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestRunner};

/// One command put to an aggregate.
pub(crate) struct Step<A: Aggregate> {
    pub(crate) before: A,
    pub(crate) command: A::Command,
    pub(crate) outcome: Result<Vec<A::Event>, A::Error>,
    pub(crate) after: A,
}

/// What an aggregate needs so that its past can be compared.
pub(crate) trait Subject:
    Decider<Command: Clone + Debug, Error: PartialEq, Event: Debug> + Clone + PartialEq + Debug
{
    /// The aggregate's event as one of all aggregates'.
    fn recorded(event: Self::Event) -> Event;
}

/// Puts `commands` to a fresh aggregate, one after the other.
pub(crate) fn live<A: Subject>(commands: Vec<A::Command>) -> Vec<Step<A>> {
    let mut state = A::default();
    commands
        .into_iter()
        .map(|command| {
            let before = state.clone();
            let outcome = handle(&mut state, command.clone());
            Step {
                before,
                command,
                outcome,
                after: state.clone(),
            }
        })
        .collect()
}

/// All events of a life, in order.
pub(crate) fn events<A: Subject>(steps: &[Step<A>]) -> Vec<A::Event> {
    let accepted = steps.iter().filter_map(|step| step.outcome.as_ref().ok());
    accepted.flatten().cloned().collect()
}

fn handle<A: Subject>(state: &mut A, command: A::Command) -> Result<Vec<A::Event>, A::Error> {
    let sink = EventSink::default();
    state
        .handle(command, &(), &sink)
        .now_or_never()
        .expect("a decision waits for nothing")?;
    let events = sink.collect().now_or_never();
    Ok(events.expect("the sink is not shared"))
}

fn fold<A: Subject>(mut state: A, events: &[A::Event]) -> A {
    for event in events {
        state.apply(event.clone());
    }
    state
}

/// `handle` records what `decide` decides, and a refusal changes nothing.
pub(crate) fn records_what_was_decided<A: Subject>(
    commands: Vec<A::Command>,
) -> Result<(), TestCaseError> {
    for step in live::<A>(commands) {
        prop_assert_eq!(&step.before.decide(step.command), &step.outcome);
        if step.outcome.is_err() {
            prop_assert_eq!(step.before, step.after);
        }
    }
    Ok(())
}

/// The events of a life add up to its state, also when a state is put away on the way and read back.
pub(crate) fn adds_up_from_any_point<A: Subject>(
    commands: Vec<A::Command>,
) -> Result<(), TestCaseError> {
    let steps = live::<A>(commands);
    let events = events(&steps);
    let last = steps.last().map(|step| step.after.clone());
    let last = last.unwrap_or_default();
    for at in 0..=events.len() {
        let (past, rest) = events.split_at(at);
        let put_away = serde_json::to_string(&fold(A::default(), past)).expect("a state is JSON");
        let read_back: A = serde_json::from_str(&put_away)
            .map_err(|e| TestCaseError::fail(format!("{e} in {put_away}")))?;
        prop_assert_eq!(&fold(read_back, rest), &last);
    }
    Ok(())
}

/// An event that went through the store's text is the event that went in.
pub(crate) fn reads_back_as_itself<A: Subject>(
    commands: Vec<A::Command>,
) -> Result<(), TestCaseError> {
    for event in events(&live::<A>(commands)) {
        let text = serde_json::to_string(&event).expect("an event is JSON");
        let (kind, version) = (event.event_type(), event.event_version());
        let read = history::decode(A::TYPE, &kind, &version, &text)
            .map_err(|e| TestCaseError::fail(format!("{e:?} in {text}")))?;
        prop_assert_eq!(read, A::recorded(event));
    }
    Ok(())
}

/// An accepted command repeated at once adds nothing. It is accepted again, unless what it did
/// makes `may_refuse` say that a refusal is right.
pub(crate) fn repeats_harmlessly<A: Subject>(
    commands: Vec<A::Command>,
    may_refuse: fn(&A::Event) -> bool,
) -> Result<(), TestCaseError> {
    for step in live::<A>(commands) {
        let Ok(events) = step.outcome else { continue };
        let mut state = step.after.clone();
        let again = handle(&mut state, step.command);
        prop_assert_eq!(&state, &step.after);
        match again {
            Ok(repeated) => prop_assert_eq!(repeated, vec![]),
            Err(refusal) => prop_assert!(events.iter().any(may_refuse), "{refusal}"),
        }
    }
    Ok(())
}

/// The event types and the names of the refusals that `commands` brings about in many tries. A law
/// that is tried on half of the cases holds for half of them: each aggregate checks this list.
pub(crate) fn reached<A: Subject>(
    commands: &impl Strategy<Value = Vec<A::Command>>,
) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut runner = TestRunner::deterministic();
    let (mut kinds, mut refusals) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..600 {
        let tree = commands.new_tree(&mut runner).expect("nothing is rejected");
        for step in live::<A>(tree.current()) {
            match step.outcome {
                Ok(events) => kinds.extend(events.iter().map(DomainEvent::event_type)),
                Err(refusal) => {
                    let shown = format!("{refusal:?}");
                    let name = shown.split(['(', ' ']).next().unwrap_or_default();
                    refusals.insert(name.to_owned());
                }
            }
        }
    }
    (kinds, refusals)
}

/// Names as [`reached`] answers them.
pub(crate) fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
