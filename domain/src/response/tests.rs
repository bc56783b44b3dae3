//! The rules of a response, one sentence each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::test::TestFramework;

use super::{
    Answer, Failure, FailureKind, IncompleteReason, PlannedStep, RequestedCall, Response,
    ResponseCommand as C, ResponseError, ResponseEvent as E, Retention, Surface, Timing, Usage,
};
use crate::caller::Owner;
use crate::id::{AccountId, NodeId, ResponseId, TenantId};
use crate::json::Json;
use crate::user_metadata::UserMetadata;

const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;
const LATER: DateTime<Utc> = DateTime::from_timestamp_secs(9).expect("1970 had nine seconds");

fn decided(given: Vec<E>, command: C) -> Result<Vec<E>, ResponseError> {
    TestFramework::<Response>::with(())
        .given(given)
        .when(command)
        .inspect_result()
}

fn owner(account: &str) -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(account).unwrap(),
    }
}

fn step(input: &[u8]) -> PlannedStep {
    let response = ResponseId::parse("chatcmpl-1").unwrap();
    PlannedStep::inference(&response, 0, "local", "m", input)
}

fn call(retention: Retention) -> Box<RequestedCall> {
    Box::new(RequestedCall {
        owner: owner("user_ann"),
        surface: Surface::ChatCompletions,
        model: "m".to_owned(),
        request: Json::of("hi"),
        stream: true,
        retention,
        conversation: None,
        metadata: UserMetadata::default(),
        node: NodeId::parse("node_1").unwrap(),
        step: step(b"hi"),
        run: None,
    })
}

fn pairs(value: &str) -> UserMetadata {
    UserMetadata::parse(BTreeMap::from([("k".to_owned(), value.to_owned())])).unwrap()
}

fn answer(text: &str) -> Answer {
    Answer {
        provider_id: Some("up-1".to_owned()),
        model: "m".to_owned(),
        body: Json::of(text),
        system_fingerprint: None,
        service_tier: None,
    }
}

fn usage(output_tokens: u64) -> Usage {
    Usage {
        input_tokens: 3,
        output_tokens,
        ..Usage::default()
    }
}

fn timing(total_ms: u64) -> Timing {
    Timing {
        first_token_ms: 1,
        total_ms,
    }
}

fn failure(kind: FailureKind) -> Failure {
    Failure {
        kind,
        message: "no".to_owned(),
    }
}

fn requested_with(retention: Retention) -> E {
    E::Requested {
        call: call(retention),
        at: NOON,
    }
}

fn requested() -> E {
    requested_with(Retention::Stored)
}

fn completed() -> E {
    E::Completed {
        answer: answer("hello"),
        usage: usage(5),
        timing: timing(7),
        at: NOON,
    }
}

fn incomplete() -> E {
    E::Incomplete {
        reason: IncompleteReason::ClientDisconnected,
        answer: answer("hel"),
        usage: usage(2),
        timing: timing(7),
        at: NOON,
    }
}

fn failed() -> E {
    E::Failed {
        failure: failure(FailureKind::ProviderCut),
        partial: Some(answer("he")),
        usage: Usage::default(),
        timing: timing(7),
        at: NOON,
    }
}

fn deleted() -> E {
    E::Deleted { at: NOON }
}

fn request() -> C {
    C::Request {
        call: call(Retention::Stored),
        at: NOON,
    }
}

fn complete(text: &str, at: DateTime<Utc>) -> C {
    C::Complete {
        answer: answer(text),
        usage: usage(5),
        timing: timing(7),
        at,
    }
}

fn interrupt(text: &str, at: DateTime<Utc>) -> C {
    C::Interrupt {
        reason: IncompleteReason::ClientDisconnected,
        answer: answer(text),
        usage: usage(2),
        timing: timing(7),
        at,
    }
}

fn fail(kind: FailureKind, at: DateTime<Utc>) -> C {
    C::Fail {
        failure: failure(kind),
        partial: Some(answer("he")),
        timing: timing(7),
        at,
    }
}

fn replace_metadata(value: &str) -> C {
    C::ReplaceMetadata {
        metadata: pairs(value),
        at: NOON,
    }
}

fn delete() -> C {
    C::Delete { at: NOON }
}

#[test]
fn a_call_is_accepted_once() {
    assert_eq!(decided(vec![], request()), Ok(vec![requested()]));
    assert_eq!(decided(vec![requested()], request()), Ok(vec![]));
    assert_eq!(
        decided(vec![requested(), completed()], request()),
        Ok(vec![])
    );
}

#[test]
fn an_id_is_never_given_to_another_call() {
    let mut other_input = call(Retention::Stored);
    other_input.step = step(b"something else");
    let mut other_owner = call(Retention::Stored);
    other_owner.owner = owner("user_bob");
    for call in [other_input, other_owner] {
        for given in [vec![requested()], vec![requested(), completed()]] {
            let command = C::Request {
                call: call.clone(),
                at: NOON,
            };
            assert_eq!(decided(given, command), Err(ResponseError::AlreadyExists));
        }
    }
}

#[test]
fn a_deleted_call_does_not_come_back() {
    let past = vec![requested(), completed(), deleted()];
    assert_eq!(decided(past, request()), Err(ResponseError::AlreadyExists));
}

#[test]
fn nothing_can_be_asked_of_a_call_that_was_never_requested() {
    for command in [
        complete("hello", NOON),
        interrupt("hel", NOON),
        fail(FailureKind::ProviderCut, NOON),
        replace_metadata("a"),
        delete(),
    ] {
        assert_eq!(decided(vec![], command), Err(ResponseError::NotFound));
    }
}

#[test]
fn an_open_call_ends_in_any_of_three_ways() {
    for (command, event) in [
        (complete("hello", NOON), completed()),
        (interrupt("hel", NOON), incomplete()),
        (fail(FailureKind::ProviderCut, NOON), failed()),
    ] {
        assert_eq!(decided(vec![requested()], command), Ok(vec![event]));
    }
}

#[test]
fn the_same_ending_told_again_later_is_no_news() {
    for (event, command) in [
        (completed(), complete("hello", LATER)),
        (incomplete(), interrupt("hel", LATER)),
        (failed(), fail(FailureKind::ProviderCut, LATER)),
    ] {
        assert_eq!(decided(vec![requested(), event], command), Ok(vec![]));
    }
}

#[test]
fn the_first_ending_stands() {
    for event in [completed(), incomplete(), failed()] {
        for command in [
            complete("something else", NOON),
            interrupt("something else", NOON),
            fail(FailureKind::NodeLost, NOON),
        ] {
            assert_eq!(
                decided(vec![requested(), event.clone()], command),
                Err(ResponseError::AlreadyClosed)
            );
        }
    }
}

#[test]
fn the_same_words_are_not_the_same_ending_when_one_of_them_was_cut_short() {
    let interrupted = C::Interrupt {
        reason: IncompleteReason::ClientDisconnected,
        answer: answer("hello"),
        usage: usage(5),
        timing: timing(7),
        at: NOON,
    };
    assert_eq!(
        decided(vec![requested(), completed()], interrupted),
        Err(ResponseError::AlreadyClosed)
    );
}

#[test]
fn the_same_words_at_another_price_are_another_ending() {
    let dearer = C::Complete {
        answer: answer("hello"),
        usage: usage(6),
        timing: timing(7),
        at: NOON,
    };
    assert_eq!(
        decided(vec![requested(), completed()], dearer),
        Err(ResponseError::AlreadyClosed)
    );
}

#[test]
fn an_ending_that_comes_after_deletion_is_refused() {
    for command in [
        complete("hello", NOON),
        interrupt("hel", NOON),
        fail(FailureKind::ProviderCut, NOON),
    ] {
        let past = vec![requested(), completed(), deleted()];
        assert_eq!(decided(past, command), Err(ResponseError::AlreadyClosed));
    }
}

#[test]
fn metadata_can_be_replaced_before_and_after_the_end() {
    let replaced = E::MetadataReplaced {
        metadata: pairs("a"),
        at: NOON,
    };
    for past in [vec![requested()], vec![requested(), completed()]] {
        assert_eq!(
            decided(past.clone(), replace_metadata("a")),
            Ok(vec![replaced.clone()])
        );
        let again = [past, vec![replaced.clone()]].concat();
        assert_eq!(decided(again, replace_metadata("a")), Ok(vec![]));
    }
}

#[test]
fn a_call_can_be_deleted_once_it_has_ended() {
    assert_eq!(
        decided(vec![requested()], delete()),
        Err(ResponseError::StillOpen)
    );
    for ending in [completed(), incomplete(), failed()] {
        let past = vec![requested(), ending];
        assert_eq!(decided(past.clone(), delete()), Ok(vec![deleted()]));
        assert_eq!(
            decided([past, vec![deleted()]].concat(), delete()),
            Ok(vec![])
        );
    }
}

#[test]
fn a_deleted_call_has_no_metadata_to_replace() {
    let past = vec![requested(), completed(), deleted()];
    assert_eq!(
        decided(past, replace_metadata("a")),
        Err(ResponseError::NotFound)
    );
}

#[test]
fn a_call_that_was_not_stored_for_its_caller_can_be_neither_changed_nor_deleted() {
    for retention in [Retention::Recorded, Retention::UsageOnly] {
        let open = vec![requested_with(retention)];
        let closed = vec![requested_with(retention), completed()];
        for past in [open, closed] {
            for command in [replace_metadata("a"), delete()] {
                assert_eq!(decided(past.clone(), command), Err(ResponseError::NotFound));
            }
        }
    }
}

#[test]
fn a_call_has_an_owner_from_its_first_event_to_after_its_last() {
    let mut response = Response::default();
    assert_eq!(response.owner(), None);
    for event in [requested(), completed(), deleted()] {
        response.apply(event);
        assert_eq!(response.owner(), Some(&owner("user_ann")));
    }
}

#[test]
fn planning_the_same_step_again_gives_the_same_id() {
    let response = ResponseId::parse("chatcmpl-1").unwrap();
    let other = ResponseId::parse("chatcmpl-2").unwrap();
    let id =
        |response, index, input| PlannedStep::inference(response, index, "local", "m", input).id;
    assert_eq!(id(&response, 0, b"hi"), id(&response, 0, b"hi"));
    assert_ne!(id(&response, 0, b"hi"), id(&response, 1, b"hi"));
    assert_ne!(id(&response, 0, b"hi"), id(&response, 0, b"ho"));
    assert_ne!(id(&response, 0, b"hi"), id(&other, 0, b"hi"));
}
