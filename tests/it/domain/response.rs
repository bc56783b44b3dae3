use jan_domain::Json;
use jan_domain::history::Event;
use jan_domain::id::{ConversationId, NodeId, ResponseId};
use jan_domain::response::{
    Answer, Failure, FailureKind, IncompleteReason, PlannedStep, RequestedCall, Response,
    ResponseCommand, ResponseEvent, Retention, Surface, Timing, Usage,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::laws::{self, Subject};
use super::values::{json, metadata, moment, owner, text};

impl Subject for Response {
    fn recorded(event: ResponseEvent) -> Event {
        Event::Response(event)
    }
}

fn call() -> impl Strategy<Value = Box<RequestedCall>> {
    let retention = prop_oneof![
        6 => Just(Retention::Stored),
        1 => Just(Retention::Recorded),
        1 => Just(Retention::UsageOnly),
    ];
    let conversation = option::of(Just("conv_1"));
    let step = prop_oneof![4 => Just(&b"one"[..]), 1 => Just(&b"two"[..])];
    (
        (owner(), text(), json(), any::<bool>()),
        (retention, conversation, metadata(), step),
    )
        .prop_map(
            |((owner, model, request, stream), (retention, conversation, metadata, input))| {
                let response = ResponseId::parse("chatcmpl-1").unwrap();
                Box::new(RequestedCall {
                    owner,
                    surface: Surface::ChatCompletions,
                    step: PlannedStep::inference(&response, 0, "local", &model, input),
                    model,
                    request: Json::of(&request),
                    stream,
                    retention,
                    conversation: conversation.map(|id| ConversationId::parse(id).unwrap()),
                    metadata,
                    node: NodeId::parse("node_1").unwrap(),
                    run: None,
                })
            },
        )
}

fn answer() -> impl Strategy<Value = Answer> {
    let body = prop_oneof![
        4 => Just(Json::of("hello")),
        1 => json().prop_map(|value| Json::of(&value)),
    ];
    let marks = prop_oneof![4 => Just(None), 1 => text().prop_map(Some)];
    (body, marks).prop_map(|(body, mark)| Answer {
        provider_id: mark.clone(),
        model: "m".to_owned(),
        body,
        system_fingerprint: mark.clone(),
        service_tier: mark,
    })
}

fn usage() -> impl Strategy<Value = Usage> {
    prop_oneof![4 => Just(3), 1 => any::<u64>()].prop_map(|tokens| Usage {
        input_tokens: tokens,
        output_tokens: tokens,
        ..Usage::default()
    })
}

fn timing() -> impl Strategy<Value = Timing> {
    any::<(u64, u64)>().prop_map(|(first_token_ms, total_ms)| Timing {
        first_token_ms,
        total_ms,
    })
}

fn failure() -> impl Strategy<Value = Failure> {
    let kind = prop_oneof![Just(FailureKind::ProviderCut), Just(FailureKind::NodeLost)];
    (kind, text()).prop_map(|(kind, message)| Failure { kind, message })
}

fn request() -> impl Strategy<Value = ResponseCommand> {
    (call(), moment()).prop_map(|(call, at)| ResponseCommand::Request { call, at })
}

fn complete() -> impl Strategy<Value = ResponseCommand> {
    (answer(), usage(), timing(), moment()).prop_map(|(answer, usage, timing, at)| {
        ResponseCommand::Complete {
            answer,
            usage,
            timing,
            at,
        }
    })
}

fn interrupt() -> impl Strategy<Value = ResponseCommand> {
    (answer(), usage(), timing(), moment()).prop_map(|(answer, usage, timing, at)| {
        ResponseCommand::Interrupt {
            reason: IncompleteReason::ClientDisconnected,
            answer,
            usage,
            timing,
            at,
        }
    })
}

fn fail() -> impl Strategy<Value = ResponseCommand> {
    (failure(), option::of(answer()), timing(), moment()).prop_map(
        |(failure, partial, timing, at)| ResponseCommand::Fail {
            failure,
            partial,
            timing,
            at,
        },
    )
}

fn replace_metadata() -> impl Strategy<Value = ResponseCommand> {
    (metadata(), moment())
        .prop_map(|(metadata, at)| ResponseCommand::ReplaceMetadata { metadata, at })
}

fn delete() -> impl Strategy<Value = ResponseCommand> {
    moment().prop_map(|at| ResponseCommand::Delete { at })
}

/// Any command to a call of one step.
pub(super) fn command() -> impl Strategy<Value = ResponseCommand> {
    prop_oneof![
        4 => request(),
        2 => complete(),
        2 => interrupt(),
        2 => fail(),
        3 => replace_metadata(),
        1 => delete(),
    ]
}

fn commands() -> impl Strategy<Value = Vec<ResponseCommand>> {
    vec(command(), 0..24)
}

fn ends_the_call(event: &ResponseEvent) -> bool {
    use ResponseEvent as E;
    match event {
        E::Completed { .. } | E::Incomplete { .. } | E::Failed { .. } | E::Cancelled { .. } => true,
        E::Requested { .. }
        | E::Claimed { .. }
        | E::StepPlanned { .. }
        | E::StepSucceeded { .. }
        | E::StepFailed { .. }
        | E::StepOutcomeUnknown { .. }
        | E::MetadataReplaced { .. }
        | E::Deleted { .. } => false,
    }
}

proptest! {
    #[test]
    fn what_is_recorded_is_what_was_decided(commands in commands()) {
        laws::records_what_was_decided::<Response>(commands)?;
    }

    #[test]
    fn events_add_up_to_the_state_from_any_point(commands in commands()) {
        laws::adds_up_from_any_point::<Response>(commands)?;
    }

    #[test]
    fn every_event_reads_back_as_itself(commands in commands()) {
        laws::reads_back_as_itself::<Response>(commands)?;
    }

    #[test]
    fn a_command_repeated_at_once_adds_nothing(commands in commands()) {
        laws::repeats_harmlessly::<Response>(commands, |_| false)?;
    }

    #[test]
    fn a_call_ends_at_most_once(commands in commands()) {
        let events = laws::events(&laws::live::<Response>(commands));
        prop_assert!(events.iter().filter(|event| ends_the_call(event)).count() <= 1);
    }

    #[test]
    fn a_call_begins_with_its_request_and_nothing_follows_its_deletion(commands in commands()) {
        let events = laws::events(&laws::live::<Response>(commands));
        for (at, event) in events.iter().enumerate() {
            let begins = matches!(event, ResponseEvent::Requested { .. });
            let ends = matches!(event, ResponseEvent::Deleted { .. });
            prop_assert_eq!(begins, at == 0);
            prop_assert!(!ends || at + 1 == events.len());
        }
    }

    #[test]
    fn an_open_call_can_always_be_failed(commands in commands(), fail in fail()) {
        let steps = laws::live::<Response>(commands.clone());
        let open = steps.last().is_some_and(|step| matches!(step.after, Response::Open(_)));
        let with_failure = commands.into_iter().chain([fail]).collect();
        let last = laws::live::<Response>(with_failure).pop();
        let outcome = last.map(|step| step.outcome);
        let failed = outcome.is_some_and(|events| {
            events.is_ok_and(|events| matches!(events[..], [ResponseEvent::Failed { .. }]))
        });
        prop_assert_eq!(open, failed);
    }
}

#[test]
fn the_commands_reach_every_event_and_every_refusal() {
    let (events, refusals) = laws::reached::<Response>(&commands());
    assert_eq!(
        events,
        laws::names(&[
            "ResponseRequested",
            "ResponseCompleted",
            "ResponseIncomplete",
            "ResponseFailed",
            "ResponseMetadataReplaced",
            "ResponseDeleted",
        ])
    );
    assert_eq!(
        refusals,
        laws::names(&["NotFound", "AlreadyExists", "AlreadyClosed", "StillOpen"])
    );
}
