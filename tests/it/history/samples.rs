//! One full sample of every event as it is written today.

use std::collections::BTreeMap;
use std::iter::successors;

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use jan_domain::conversation::{ConversationEvent, Origin};
use jan_domain::history::Event;
use jan_domain::id::{AccountId, ConversationId, ItemId, NodeId, ResponseId, StepId, TenantId};
use jan_domain::item::{ContentPart, Item, ItemBody, ItemStatus, Role, parse_item};
use jan_domain::projection::ProjectionEvent;
use jan_domain::response::run::{
    Declined, Finish, Said, Step, StepFailure, StepOutcome, ToolUse, UseKind, Work,
};
use jan_domain::response::{
    Answer, EffectClass, Failure, FailureKind, IncompleteReason, PlannedStep, RequestedCall,
    ResponseEvent, Retention, Surface, Timing, Usage,
};
use jan_domain::{Json, Owner, UserMetadata};
use serde_json::json;

use super::account_samples::after_account;
use super::document_samples::after_document;
use super::media_samples::after_media;

/// An event as the store holds it.
pub(crate) struct Stored {
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) payload: String,
}

impl Stored {
    fn of<E: DomainEvent>(event: &E) -> Self {
        Self {
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: serde_json::to_string(event).expect("an event is JSON"),
        }
    }
}

/// An event of any aggregate as the store holds it.
pub(crate) fn stored(event: &Event) -> Stored {
    match event {
        Event::Conversation(event) => Stored::of(event),
        Event::Response(event) => Stored::of(event),
        Event::Account(event) => Stored::of(event),
        Event::Document(event) => Stored::of(event),
        Event::Media(event) => Stored::of(event),
        Event::Projection(event) => Stored::of(event),
        Event::Tombstone => unreachable!("nothing was written that is none"),
    }
}

/// Every event once. Each `after_…` match names them all, so a new event does not compile before it
/// has a sample.
pub(crate) fn samples() -> Vec<Event> {
    let conversation = successors(after_conversation(None), |e| after_conversation(Some(e)));
    let response = successors(after_response(None), |e| after_response(Some(e)));
    let document = successors(after_document(None), |e| after_document(Some(e)));
    let media = successors(after_media(None), |e| after_media(Some(e)));
    let account = successors(after_account(None), |e| after_account(Some(e)));
    conversation
        .map(Event::Conversation)
        .chain(response.map(Event::Response))
        .chain(account.map(Event::Account))
        .chain(document.map(Event::Document))
        .chain(media.map(Event::Media))
        .chain([Event::Projection(projection())])
        .collect()
}

fn after_conversation(last: Option<&ConversationEvent>) -> Option<ConversationEvent> {
    use ConversationEvent as E;
    let at = at();
    Some(match last {
        None => E::Created {
            owner: owner(),
            title: Some("Tea".to_owned()),
            metadata: metadata(),
            referrer: Some("jan-web".to_owned()),
            at,
        },
        Some(E::Created { .. }) => E::Forked {
            origin: Origin {
                from: ConversationId::parse("conv_0a").unwrap(),
                version: 7,
                item: Some(item_id("msg_1")),
                root: ConversationId::parse("conv_0b").unwrap(),
            },
            at,
        },
        Some(E::Forked { .. }) => E::TitleChanged {
            title: "Green tea".to_owned(),
            at,
        },
        Some(E::TitleChanged { .. }) => E::MetadataReplaced {
            metadata: metadata(),
            at,
        },
        Some(E::MetadataReplaced { .. }) => E::ReferrerChanged {
            referrer: "jan-desktop".to_owned(),
            at,
        },
        Some(E::ReferrerChanged { .. }) => E::ItemsAppended {
            items: items(),
            response: Some(ResponseId::parse("chatcmpl-0a").unwrap()),
            at,
        },
        Some(E::ItemsAppended { .. }) => E::ItemDeleted {
            item: item_id("msg_1"),
            at,
        },
        Some(E::ItemDeleted { .. }) => E::RunBegan {
            response: ResponseId::parse("resp_0a").unwrap(),
            at,
        },
        Some(E::RunBegan { .. }) => E::RunEnded {
            response: ResponseId::parse("resp_0a").unwrap(),
            at,
        },
        Some(E::RunEnded { .. }) => E::Deleted { at },
        Some(E::Deleted { .. }) => return None,
    })
}

fn after_response(last: Option<&ResponseEvent>) -> Option<ResponseEvent> {
    use ResponseEvent as E;
    let at = at();
    Some(match last {
        None => E::Requested {
            call: Box::new(call()),
            at,
        },
        Some(E::Requested { .. }) => E::Completed {
            answer: answer(),
            usage: usage(),
            timing: timing(),
            at,
        },
        Some(E::Completed { .. }) => E::Incomplete {
            reason: IncompleteReason::ClientDisconnected,
            answer: answer(),
            usage: usage(),
            timing: timing(),
            at,
        },
        Some(E::Incomplete { .. }) => E::Failed {
            failure: Failure {
                kind: FailureKind::ProviderCut,
                message: "the provider's answer ended in the middle".to_owned(),
            },
            partial: Some(answer()),
            usage: Usage::default(),
            timing: timing(),
            at,
        },
        Some(E::Failed { .. }) => E::Claimed {
            node: NodeId::parse("node_0b").unwrap(),
            epoch: 2,
            at,
        },
        Some(E::Claimed { .. }) => E::StepPlanned {
            step: Box::new(step()),
            at,
        },
        Some(E::StepPlanned { .. }) => E::StepSucceeded {
            step: step().id,
            outcome: Box::new(outcome()),
            took_ms: 12,
            at,
        },
        Some(E::StepSucceeded { .. }) => E::StepFailed {
            step: step().id,
            failure: step_failure(),
            took_ms: 45_000,
            at,
        },
        Some(E::StepFailed { .. }) => E::StepOutcomeUnknown {
            step: step().id,
            at,
        },
        Some(E::StepOutcomeUnknown { .. }) => E::Cancelled {
            answer: answer(),
            usage: usage(),
            timing: timing(),
            at,
        },
        Some(E::Cancelled { .. }) => E::MetadataReplaced {
            metadata: metadata(),
            at,
        },
        Some(E::MetadataReplaced { .. }) => E::Deleted { at },
        Some(E::Deleted { .. }) => return None,
    })
}

/// A moment with every digit that is kept.
pub(super) fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_366_400, 123_456_789).expect("in March 2026")
}

pub(super) fn owner() -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse("user_0a").unwrap(),
    }
}

fn metadata() -> UserMetadata {
    let pair = ("topic".to_owned(), "tea \u{1f375}".to_owned());
    UserMetadata::parse(BTreeMap::from([pair])).unwrap()
}

fn item_id(id: &str) -> ItemId {
    ItemId::parse(id).unwrap()
}

/// An item of every shape and a content part of every shape.
fn items() -> Vec<Item> {
    let shown = vec![
        ContentPart::input("Say \"hello\".\n"),
        ContentPart::InputImage {
            image_url: Some("https://example.com/tea.png".to_owned()),
            file_id: None,
            detail: Some("low".to_owned()),
        },
        opaque_part(),
    ];
    let said = vec![
        ContentPart::ReasoningText {
            text: "They want a greeting.".to_owned(),
        },
        ContentPart::OutputText {
            text: "Hello.".to_owned(),
            annotations: vec![json!({"type": "url_citation", "url": "https://example.com"})],
            logprobs: Some(json!([{"logprob": -0.1, "token": "Hello"}])),
        },
        ContentPart::Refusal {
            refusal: "No more.".to_owned(),
        },
    ];
    let kept = |id, body| parse_item(body, item_id(id)).unwrap();
    vec![
        Item::message(item_id("msg_1"), Role::User, shown),
        Item {
            id: item_id("msg_2"),
            status: ItemStatus::Incomplete,
            body: ItemBody::Message {
                role: Role::Assistant,
                content: said,
            },
        },
        kept(
            "fc_1",
            json!({"type": "function_call", "call_id": "call_1", "name": "brew", "arguments": "{\"cups\": 2}"}),
        ),
        kept(
            "fco_1",
            json!({"type": "function_call_output", "call_id": "call_1", "output": "done"}),
        ),
        kept("rs_1", json!({"summary": [], "type": "reasoning"})),
    ]
}

fn opaque_part() -> ContentPart {
    let fields = json!({"file_id": "file-1", "type": "input_file"});
    ContentPart::Opaque(fields.as_object().cloned().unwrap_or_default())
}

/// A call whose request keeps the client's own spacing and digits.
fn call() -> RequestedCall {
    let request = r#"{"messages": [{"role":"user","content":"hi"}], "temperature": 0.70}"#;
    RequestedCall {
        owner: owner(),
        surface: Surface::ChatCompletions,
        model: "smollm2-135m".to_owned(),
        request: Json::parse(request.to_owned()).unwrap(),
        stream: true,
        retention: Retention::Recorded,
        conversation: Some(ConversationId::parse("conv_0a").unwrap()),
        metadata: metadata(),
        node: NodeId::parse("node_0a").unwrap(),
        step: PlannedStep {
            id: StepId::parse("step_0123456789abcdef0123456789abcdef").unwrap(),
            provider: "local".to_owned(),
            model: "SmolLM2-135M-Instruct".to_owned(),
        },
        run: None,
    }
}

/// A call of a tool that an approval has set free.
fn step() -> Step {
    Step {
        id: StepId::parse("step_fedcba9876543210fedcba9876543210").unwrap(),
        index: 2,
        work: Work::CallTool(ToolUse {
            item: item_id("mcp_1"),
            call_id: "call_1".to_owned(),
            offered: "docs__search".to_owned(),
            server: "docs".to_owned(),
            tool: "search".to_owned(),
            arguments: "{\"q\": 1}".to_owned(),
            effect: EffectClass::Idempotent,
            kind: UseKind::Mcp,
            approved_by: Some(item_id("mcpr_1")),
        }),
    }
}

fn step_failure() -> StepFailure {
    StepFailure {
        code: "timed_out".to_owned(),
        message: "the tool took too long".to_owned(),
    }
}

/// What a model said before a tool was called.
fn outcome() -> StepOutcome {
    StepOutcome::Said(Said {
        items: items(),
        uses: Vec::new(),
        declined: vec![Declined {
            call_id: "call_2".to_owned(),
            offered: "docs__search".to_owned(),
            arguments: "{}".to_owned(),
            reason: "enough".to_owned(),
        }],
        finish: Finish::Stop,
        usage: usage(),
        model: "SmolLM2-135M-Instruct".to_owned(),
        provider_id: Some("chatcmpl-upstream".to_owned()),
        service_tier: Some("default".to_owned()),
    })
}

fn answer() -> Answer {
    let choices = r#"[{"index":0,"message":{"role":"assistant","content":"hello"}}]"#;
    Answer {
        provider_id: Some("chatcmpl-upstream".to_owned()),
        model: "SmolLM2-135M-Instruct".to_owned(),
        body: Json::parse(choices.to_owned()).unwrap(),
        system_fingerprint: Some("fp_1".to_owned()),
        service_tier: Some("default".to_owned()),
    }
}

fn usage() -> Usage {
    Usage {
        input_tokens: 12,
        cached_tokens: 4,
        output_tokens: 3,
        reasoning_tokens: 1,
    }
}

fn timing() -> Timing {
    Timing {
        first_token_ms: 40,
        total_ms: 95,
    }
}

fn projection() -> ProjectionEvent {
    ProjectionEvent::EventSkipped {
        position: 7,
        stream: "conv_1".to_owned(),
        reason: "written by a program we do not have".to_owned(),
        at: DateTime::UNIX_EPOCH,
    }
}
