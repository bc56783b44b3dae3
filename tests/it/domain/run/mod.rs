//! The laws of runs: whatever comes in whatever order, one end, and the same way on from anywhere.

mod moves;

use cqrs_es::Aggregate;
use jan_domain::Decider;
use jan_domain::item::{Item, ItemStatus};
use jan_domain::response::run::{Finish, StepOutcome};
use jan_domain::response::{Response, ResponseCommand as C, ResponseError, ResponseEvent as E};
use proptest::prelude::*;

use super::laws;
use moves::{Move, at, command, lives, obey};

fn ends(event: &E) -> bool {
    matches!(
        event,
        E::Completed { .. } | E::Incomplete { .. } | E::Failed { .. } | E::Cancelled { .. }
    )
}

proptest! {
    #[test]
    fn what_is_recorded_is_what_was_decided(life in lives()) {
        laws::records_what_was_decided::<Response>(life)?;
    }

    #[test]
    fn events_add_up_to_the_state_from_any_point(life in lives()) {
        laws::adds_up_from_any_point::<Response>(life)?;
    }

    #[test]
    fn every_event_reads_back_as_itself(life in lives()) {
        laws::reads_back_as_itself::<Response>(life)?;
    }

    #[test]
    fn a_command_repeated_at_once_adds_nothing(life in lives()) {
        laws::repeats_harmlessly::<Response>(life, |_| false)?;
    }

    /// However a run stands, answering what is open brings it to its one end, in as many steps as its
    /// terms allow.
    #[test]
    fn every_run_comes_to_one_end(life in lives()) {
        let mut state = Response::default();
        let mut events: Vec<E> = life.iter().flat_map(|command| obey(&mut state, command)).collect();
        for now in 100..140 {
            let calm = Move::Say { calls: 0, client: false, declined: false, finish: Finish::Stop };
            let back = Move::Return { place: 0, failed: false };
            let next = [calm, back].into_iter().find_map(|next| command(&state, &next, now));
            match next {
                Some(next) if matches!(state, Response::Open(_)) => {
                    events.extend(obey(&mut state, &next));
                }
                _ => break,
            }
        }
        prop_assert!(matches!(state, Response::Closed { .. }), "{state:?}");
        prop_assert_eq!(events.iter().filter(|event| ends(event)).count(), 1);
        prop_assert!(events.last().is_some_and(ends));
    }

    /// Whoever knows a part of the events decides what those who know it in full decided then.
    #[test]
    fn the_same_past_goes_on_the_same_way(life in lives()) {
        let mut state = Response::default();
        let mut past: Vec<E> = Vec::new();
        for command in life {
            let mut again = Response::default();
            for event in &past {
                again.apply(event.clone());
            }
            prop_assert_eq!(&again, &state);
            let planned = |state: &Response| {
                state.progress().map(|run| run.open_steps().cloned().collect::<Vec<_>>())
            };
            prop_assert_eq!(planned(&again), planned(&state));
            prop_assert_eq!(again.decide(command.clone()), state.decide(command.clone()));
            past.extend(obey(&mut state, &command));
        }
    }

    /// The output of a run is what its steps have shown, each item once, and all its tokens count.
    #[test]
    fn the_output_has_each_item_once_and_the_usage_every_token(life in lives()) {
        let mut state = Response::default();
        let (mut rounds, mut completed) = (0, None);
        for command in &life {
            let events = obey(&mut state, command);
            let said = matches!(command, C::RecordStep { outcome, .. }
                if matches!(**outcome, StepOutcome::Said(_)));
            rounds += u64::from(said && !events.is_empty());
            completed = completed.or(events.into_iter().find_map(|event| match event {
                E::Completed { answer, usage, .. } => Some((answer, usage)),
                _ => None,
            }));
        }
        let Some((answer, usage)) = completed else { return Ok(()) };
        let output: Vec<Item> = answer.body.read().unwrap();
        let mut ids: Vec<_> = output.iter().map(|item| item.id.clone()).collect();
        ids.sort();
        ids.dedup();
        prop_assert_eq!(ids.len(), output.len());
        prop_assert!(output.iter().all(|item| item.status != ItemStatus::InProgress));
        prop_assert_eq!(usage.output_tokens, rounds * 3);
    }

    /// Nothing that is not to be kept is in the events that are.
    #[test]
    fn what_is_not_kept_is_not_in_the_record(life in lives()) {
        let mut state = Response::default();
        for command in &life {
            for event in obey(&mut state, command) {
                let text = serde_json::to_string(&event.without_content()).unwrap();
                for word in ["output_text", "\\\"n\\\"", "\"done\""] {
                    prop_assert!(!text.contains(word), "{word} in {text}");
                }
            }
        }
    }
}

#[test]
fn the_moves_reach_every_event_and_every_refusal_of_runs() {
    let (events, refusals) = laws::reached::<Response>(&lives());
    for event in [
        "ResponseRequested",
        "ResponseClaimed",
        "ResponseStepPlanned",
        "ResponseStepSucceeded",
        "ResponseStepFailed",
        "ResponseStepOutcomeUnknown",
        "ResponseCompleted",
        "ResponseIncomplete",
        "ResponseFailed",
        "ResponseCancelled",
    ] {
        assert!(events.contains(event), "{event} is not reached: {events:?}");
    }
    for refusal in ["Superseded", "AlreadyClosed", "NotCancellable"] {
        assert!(refusals.contains(refusal), "{refusal}: {refusals:?}");
    }
    assert_eq!(
        Response::default().decide(C::Cancel { at: at(0) }),
        Err(ResponseError::NotFound)
    );
}
