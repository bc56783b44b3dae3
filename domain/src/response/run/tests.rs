//! The rule of runs that call tools and ask no model.

use chrono::{DateTime, Utc};
use cqrs_es::test::TestFramework;

use super::{
    ApprovalRule, RunTerms, ServerPlace, ServerTerms, Step, StepFailure, StepOutcome, ToolReturn,
    ToolUse, UseKind, Work,
};
use crate::caller::Caller;
use crate::id::{ItemId, NodeId, ResponseId};
use crate::json::Json;
use crate::response::{
    EffectClass, IncompleteReason, PlannedStep, RequestedCall, Response, ResponseCommand as C,
    ResponseError, ResponseEvent as E, Retention, Surface, Timing,
};
use crate::user_metadata::UserMetadata;

const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;
const TIMING: Timing = Timing {
    first_token_ms: 5,
    total_ms: 5,
};

fn decided(given: Vec<E>, command: C) -> Result<Vec<E>, ResponseError> {
    TestFramework::<Response>::with(())
        .given(given)
        .when(command)
        .inspect_result()
}

fn used(tool: &str) -> ToolUse {
    ToolUse {
        item: ItemId::parse(&format!("mcp_{tool}")).unwrap(),
        call_id: format!("mcp_{tool}"),
        offered: tool.to_owned(),
        server: "jan".to_owned(),
        tool: tool.to_owned(),
        arguments: "{}".to_owned(),
        effect: EffectClass::Unsafe,
        kind: UseKind::Mcp,
        approved_by: None,
    }
}

fn own_server() -> ServerTerms {
    ServerTerms {
        label: "jan".to_owned(),
        place: ServerPlace::Own,
        item: None,
        allowed: None,
        read_only: false,
        approval: ApprovalRule::Never,
    }
}

/// A request to call `tools`, and nothing else.
fn call(tools: &[&str]) -> C {
    let id = ResponseId::parse("resp_1").unwrap();
    let call = RequestedCall {
        owner: Caller::nobody().owner,
        surface: Surface::Mcp,
        model: String::new(),
        request: Json::of(&()),
        stream: false,
        retention: Retention::Recorded,
        conversation: None,
        metadata: UserMetadata::default(),
        node: NodeId::parse("node_1").unwrap(),
        step: PlannedStep::inference(&id, 0, "jan", "", b""),
        run: Some(Box::new(RunTerms {
            background: false,
            previous_response: None,
            input: Vec::new(),
            servers: vec![own_server()],
            approved: tools.iter().map(|tool| used(tool)).collect(),
            tools_only: true,
            tool_depth_max: 8,
            tool_calls_max: None,
            deadline: NOON,
        })),
    };
    C::Request {
        call: Box::new(call),
        at: NOON,
    }
}

fn begun(tools: &[&str]) -> Vec<E> {
    decided(vec![], call(tools)).unwrap()
}

fn step(event: &E) -> &Step {
    match event {
        E::StepPlanned { step, .. } => step,
        other => panic!("{other:?} plans nothing"),
    }
}

fn record(step: &Step, outcome: StepOutcome) -> C {
    C::RecordStep {
        step: step.id.clone(),
        outcome: Box::new(outcome),
        epoch: 0,
        took_ms: 5,
        timing: TIMING,
        at: NOON,
    }
}

fn returned(output: &str) -> StepOutcome {
    StepOutcome::Returned(ToolReturn {
        output: output.to_owned(),
        is_error: false,
        structured: None,
        content: Vec::new(),
    })
}

#[test]
fn a_call_without_a_model_is_planned_at_once_and_no_list_is_asked_for() {
    let events = begun(&["pay"]);
    let [E::Requested { .. }, planned] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(step(planned).work, Work::CallTool(used("pay")));
}

#[test]
fn when_its_call_is_made_the_run_is_complete() {
    let given = begun(&["pay"]);
    let paid = record(step(&given[1]), returned("paid"));
    let events = decided(given, paid).unwrap();
    let [E::StepSucceeded { .. }, E::Completed { answer, usage, .. }] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!((answer.model.as_str(), usage.output_tokens), ("", 0));
    assert_eq!(
        answer.body.read::<serde_json::Value>().unwrap()[0]["output"],
        "paid"
    );
}

#[test]
fn when_its_call_fails_the_run_is_complete_too() {
    let given = begun(&["pay"]);
    let failed = record(
        step(&given[1]),
        StepOutcome::Failed(StepFailure {
            code: "cut".to_owned(),
            message: "the tool server hung up".to_owned(),
        }),
    );
    let events = decided(given, failed).unwrap();
    assert!(matches!(
        events.as_slice(),
        [E::StepFailed { .. }, E::Completed { .. }]
    ));
}

#[test]
fn it_waits_for_the_last_of_its_calls() {
    let mut given = begun(&["pay", "read"]);
    let (first, second) = (step(&given[1]).clone(), step(&given[2]).clone());
    let paid = decided(given.clone(), record(&first, returned("paid"))).unwrap();
    assert!(matches!(paid.as_slice(), [E::StepSucceeded { .. }]));
    given.extend(paid);
    let read = decided(given, record(&second, returned("read"))).unwrap();
    assert!(matches!(read.last(), Some(E::Completed { .. })));
}

#[test]
fn a_client_that_leaves_stops_it() {
    let stop = C::Stop {
        reason: IncompleteReason::ClientDisconnected,
        said: None,
        timing: TIMING,
        at: NOON,
    };
    let events = decided(begun(&["pay"]), stop).unwrap();
    assert!(matches!(events.as_slice(), [E::Incomplete { .. }]));
}

#[test]
fn older_terms_ask_a_model() {
    let older = serde_json::json!({"background": false, "input": [], "tool_depth_max": 8,
        "deadline": "1970-01-01T00:00:00Z"});
    let terms: RunTerms = serde_json::from_value(older.clone()).unwrap();
    assert!(!terms.tools_only);
    assert_eq!(serde_json::to_value(&terms).unwrap(), older);
}
