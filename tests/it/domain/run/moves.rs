//! Lives of runs: what may happen to one, in any order, as commands.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, ItemId, NodeId, ResponseId, TenantId};
use jan_domain::item::{ContentPart, Item, ItemBody, ItemStatus, Role};
use jan_domain::response::run::{
    ApprovalRule, Declined, Finish, ListedTool, Said, ServerPlace, ServerTerms, Step, StepFailure,
    StepOutcome, ToolReturn, ToolUse, UseKind, Work,
};
use jan_domain::response::{
    EffectClass, Failure, FailureKind, IncompleteReason, PlannedStep, RequestedCall, Response,
    ResponseCommand as C, ResponseEvent as E, Retention, RunTerms, Surface, Timing, Usage,
};
use jan_domain::user_metadata::UserMetadata;
use jan_domain::{Decider, Json};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

/// What happens next in a run, told without naming its steps.
#[derive(Debug, Clone)]
pub(super) enum Move {
    /// The model says so much, and asks for so many calls.
    Say {
        calls: u8,
        client: bool,
        declined: bool,
        finish: Finish,
    },
    /// A list or a call comes back, from one of the open steps.
    Return {
        place: u8,
        failed: bool,
    },
    /// Nobody knows what became of a call.
    Lose {
        place: u8,
    },
    /// Another process takes the run up.
    Claim {
        node: u8,
    },
    /// Somebody who was superseded records something.
    Late {
        place: u8,
    },
    Cancel,
    Stop,
    Fail,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let finish = prop_oneof![
        6 => Just(Finish::Stop),
        1 => Just(Finish::Length),
        1 => Just(Finish::ContentFilter),
    ];
    let said = (0..4_u8, any::<bool>(), any::<bool>(), finish);
    let said = said.prop_map(|(calls, client, declined, finish)| Move::Say {
        calls,
        client: client && calls == 0,
        declined,
        finish,
    });
    let step = prop_oneof![
        8 => said,
        8 => (any::<u8>(), any::<bool>()).prop_map(|(place, failed)| Move::Return { place, failed }),
        1 => any::<u8>().prop_map(|place| Move::Lose { place }),
        2 => (0..3_u8).prop_map(|node| Move::Claim { node }),
        2 => any::<u8>().prop_map(|place| Move::Late { place }),
        1 => Just(Move::Cancel),
        1 => Just(Move::Stop),
        1 => Just(Move::Fail),
    ];
    vec(step, 0..24)
}

fn terms() -> impl Strategy<Value = RunTerms> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (flags, 0..3_usize, 0..3_u8, 1..4_u32).prop_map(
        |((background, limited, only), servers, approved, depth)| RunTerms {
            background,
            previous_response: None,
            input: vec![message("hi")],
            servers: (0..servers).map(server).collect(),
            approved: (0..approved).map(|call| tool_use("before", call)).collect(),
            tools_only: only && approved > 0,
            tool_depth_max: depth,
            tool_calls_max: limited.then_some(3),
            deadline: at(1_000),
        },
    )
}

pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

fn item(id: &str) -> ItemId {
    ItemId::parse(id).unwrap()
}

fn server(place: usize) -> ServerTerms {
    ServerTerms {
        label: format!("server{place}"),
        place: ServerPlace::Remote("https://x.example".to_owned()),
        item: Some(item(&format!("mcpl_{place}"))),
        allowed: None,
        read_only: false,
        approval: ApprovalRule::Never,
    }
}

fn message(words: &str) -> Item {
    let content = vec![ContentPart::output(words)];
    Item::message(item(&format!("msg_{words}")), Role::Assistant, content)
}

fn tool_use(step: &str, call: u8) -> ToolUse {
    ToolUse {
        item: item(&format!("mcp_{step}_{call}")),
        call_id: format!("call_{step}_{call}"),
        offered: "server0__do".to_owned(),
        server: "server0".to_owned(),
        tool: "do".to_owned(),
        arguments: json!({"n": call}).to_string(),
        effect: [
            EffectClass::Pure,
            EffectClass::Idempotent,
            EffectClass::Unsafe,
        ][usize::from(call) % 3],
        kind: UseKind::Mcp,
        approved_by: None,
    }
}

fn requested(terms: RunTerms) -> C {
    let response = ResponseId::parse("resp_1").unwrap();
    let call = RequestedCall {
        owner: Owner {
            tenant: TenantId::default(),
            account: AccountId::parse("user_ann").unwrap(),
        },
        surface: Surface::Responses,
        model: "m".to_owned(),
        request: Json::of(&()),
        stream: false,
        retention: Retention::Stored,
        conversation: None,
        metadata: UserMetadata::default(),
        node: node(0),
        step: PlannedStep::inference(&response, 0, "local", "m", b""),
        run: Some(Box::new(terms)),
    };
    C::Request {
        call: Box::new(call),
        at: at(0),
    }
}

fn node(number: u8) -> NodeId {
    NodeId::parse(&format!("node_{number}")).unwrap()
}

const TIMING: Timing = Timing {
    first_token_ms: 1,
    total_ms: 2,
};

fn said(step: &str, calls: u8, (client, declined): (bool, bool), finish: Finish) -> Said {
    let call = ItemBody::FunctionCall {
        call_id: format!("client_{step}"),
        name: "brew".to_owned(),
        arguments: "{}".to_owned(),
        namespace: None,
    };
    let call = Item {
        id: item(&format!("fc_{step}")),
        status: ItemStatus::Completed,
        body: call,
    };
    let refused = Declined {
        call_id: format!("no_{step}"),
        offered: "server0__do".to_owned(),
        arguments: "{}".to_owned(),
        reason: "enough".to_owned(),
    };
    Said {
        items: std::iter::once(message(step))
            .chain(client.then_some(call))
            .collect(),
        uses: (0..calls).map(|number| tool_use(step, number)).collect(),
        declined: declined.then_some(refused).into_iter().collect(),
        finish,
        usage: Usage {
            input_tokens: 2,
            output_tokens: 3,
            ..Usage::default()
        },
        model: "m".to_owned(),
        provider_id: None,
        service_tier: None,
    }
}

/// The command that a move means for a run that stands so, if it means anything.
pub(super) fn command(state: &Response, next: &Move, now: i64) -> Option<C> {
    let run = state.progress()?;
    let open: Vec<_> = run.open_steps().map(|step| step.step.clone()).collect();
    let tools: Vec<_> = open
        .iter()
        .filter(|step| step.work != Work::Infer)
        .collect();
    let record = |step: &Step, outcome, epoch| C::RecordStep {
        step: step.id.clone(),
        outcome: Box::new(outcome),
        epoch,
        took_ms: 5,
        timing: TIMING,
        at: at(now),
    };
    let pick = |place: u8| tools.get(usize::from(place) % tools.len().max(1)).copied();
    match next {
        Move::Say {
            calls,
            client,
            declined,
            finish,
        } => {
            let step = open.iter().find(|step| step.work == Work::Infer)?;
            let said = said(
                &step.index.to_string(),
                *calls,
                (*client, *declined),
                *finish,
            );
            Some(record(step, StepOutcome::Said(said), run.epoch))
        }
        Move::Return { place, failed } => {
            let step = pick(*place)?;
            Some(record(step, outcome(&step.work, *failed), run.epoch))
        }
        Move::Lose { place } => {
            let step = pick(*place)?;
            let unsafe_call = step.work.effect() == EffectClass::Unsafe;
            unsafe_call.then(|| record(step, StepOutcome::Unknown, run.epoch))
        }
        Move::Late { place } => {
            let step = open.get(usize::from(*place) % open.len().max(1))?;
            let late = run.epoch.checked_sub(1)?;
            Some(record(step, outcome(&step.work, false), late))
        }
        Move::Claim { node: number } => Some(C::Claim {
            node: node(*number),
            epoch: run.epoch + 1,
            at: at(now),
        }),
        Move::Cancel => Some(C::Cancel { at: at(now) }),
        Move::Stop => Some(C::Stop {
            reason: IncompleteReason::ClientDisconnected,
            said: None,
            timing: TIMING,
            at: at(now),
        }),
        Move::Fail => Some(C::Fail {
            failure: Failure {
                kind: FailureKind::NodeLost,
                message: "gone".to_owned(),
            },
            partial: None,
            timing: TIMING,
            at: at(now),
        }),
    }
}

fn outcome(work: &Work, failed: bool) -> StepOutcome {
    let failure = StepFailure {
        code: "timed_out".to_owned(),
        message: "the tool took too long".to_owned(),
    };
    match work {
        _ if failed => StepOutcome::Failed(failure),
        Work::Infer => StepOutcome::Said(said("x", 0, (false, false), Finish::Stop)),
        Work::ListTools { .. } => StepOutcome::Listed(vec![ListedTool {
            name: "do".to_owned(),
            description: None,
            input_schema: json!({}),
            annotations: None,
            effect: EffectClass::Unsafe,
        }]),
        Work::CallTool(_) => StepOutcome::Returned(ToolReturn {
            output: "done".to_owned(),
            is_error: false,
            structured: None,
            content: Vec::new(),
        }),
    }
}

/// The commands that the moves of a run come to.
fn commands(terms: RunTerms, moves: &[Move]) -> Vec<C> {
    let mut state = Response::default();
    let mut commands = vec![requested(terms)];
    obey(&mut state, &commands[0]);
    for (next, now) in moves.iter().zip(1..) {
        let Some(command) = command(&state, next, now) else {
            continue;
        };
        obey(&mut state, &command);
        commands.push(command);
    }
    commands
}

pub(super) fn obey(state: &mut Response, command: &C) -> Vec<E> {
    let events = state.decide(command.clone()).unwrap_or_default();
    for event in &events {
        state.apply(event.clone());
    }
    events
}

pub(super) fn lives() -> impl Strategy<Value = Vec<C>> {
    (terms(), moves()).prop_map(|(terms, moves)| commands(terms, &moves))
}
