//! Random histories: commands, sensible or not, put to a few aggregates in any order.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use cqrs_es::{Aggregate, DomainEvent};
use jan_domain::account::{Account, AccountCommand, AccountEvent, SecretHash};
use jan_domain::conversation::{Conversation, ConversationCommand, ConversationEvent};
use jan_domain::document::{Document, DocumentCommand, DocumentContent, DocumentName};
use jan_domain::id::{ConversationId, ItemId, NodeId, ResponseId, SessionId};
use jan_domain::item::{ContentPart, Item, Role};
use jan_domain::media::{
    ContentHash, Dimensions, FileName, Media, MediaCommand, MediaContent, MediaLabel, ObjectPlace,
    Purpose,
};
use jan_domain::response::{
    Answer, Failure, FailureKind, IncompleteReason, PlannedStep, RequestedCall, Response,
    ResponseCommand, ResponseEvent, Retention, Surface, Timing, Usage,
};
use jan_domain::{Decider, Json, Owner, UserMetadata};

use super::log::owner;

/// Aggregates of each kind.
pub(super) const STREAMS: usize = 4;

/// One roll: which kind, which of them, which command, and a value for it.
pub(super) type Roll = (u8, usize, u8, u8);

/// Everything that happened, and where it led.
pub(super) struct World {
    case: u64,
    pub(super) log: Vec<Recorded>,
    pub(super) conversations: Vec<Life<Conversation>>,
    pub(super) responses: Vec<Life<Response>>,
    pub(super) accounts: Vec<Life<Account>>,
    pub(super) documents: Vec<Life<Document>>,
    pub(super) media: Vec<Life<Media>>,
}

/// One aggregate with all its events.
pub(super) struct Life<A: Aggregate> {
    pub(super) id: String,
    pub(super) state: A,
    pub(super) events: Vec<(A::Event, DateTime<Utc>)>,
}

/// An event, ready for the log.
pub(super) struct Recorded {
    pub(super) aggregate_type: &'static str,
    pub(super) id: String,
    pub(super) sequence: i64,
    pub(super) event_type: String,
    pub(super) payload: String,
}

impl World {
    /// The world after `rolls`; `case` keeps its ids apart from those of any other world.
    pub(super) fn after(case: u64, rolls: &[Roll]) -> Self {
        let mut world = Self {
            case,
            log: Vec::new(),
            conversations: lives(&format!("conv_{case}")),
            responses: lives(&format!("chatcmpl-{case}")),
            documents: lives(&format!("doc_{case}")),
            media: lives(&format!("jan_{case}")),
            accounts: lives(&format!("user_{case}")),
        };
        for (number, roll) in rolls.iter().enumerate() {
            world.play(i64::try_from(number).unwrap(), *roll);
        }
        world
    }

    /// Even ones belong to Ann, odd ones to Bob.
    pub(super) fn owner(&self, index: usize) -> Owner {
        owner(&format!("{}{}", ["ann", "bob"][index % 2], self.case))
    }

    fn play(&mut self, number: i64, (kind, index, choice, value): Roll) {
        let at = moment(number);
        let owner = self.owner(index);
        match kind {
            0 => {
                let life = &mut self.conversations[index];
                let command =
                    conversation_command(&life.state, owner, (choice, value), (number, at));
                life.put(command, at, &mut self.log);
            }
            1 => {
                let life = &mut self.responses[index];
                let command = response_command(&life.id, owner, (choice, value), at);
                life.put(command, at, &mut self.log);
            }
            2 => {
                let life = &mut self.documents[index];
                let command = document_command(owner, (choice, value), at);
                life.put(command, at, &mut self.log);
            }
            3 => {
                let life = &mut self.media[index];
                let command = media_command(owner, (choice, value), at);
                life.put(command, at, &mut self.log);
            }
            _ => {
                let life = &mut self.accounts[index];
                let command = account_command(&life.id, (choice, value), at);
                life.put(command, at, &mut self.log);
            }
        }
    }
}

/// Commands come every 97 minutes, so that a world lasts several days.
fn moment(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(97 * number)
}

/// The days a world can touch.
pub(super) fn days() -> (NaiveDate, NaiveDate) {
    let first = DateTime::UNIX_EPOCH.date_naive();
    (first, first + TimeDelta::days(365))
}

fn lives<A: Aggregate>(prefix: &str) -> Vec<Life<A>> {
    let life = |index| Life {
        id: format!("{prefix}_{index}"),
        state: A::default(),
        events: Vec::new(),
    };
    (0..STREAMS).map(life).collect()
}

impl<A: Decider> Life<A> {
    fn put(&mut self, command: A::Command, at: DateTime<Utc>, log: &mut Vec<Recorded>) {
        // A refusal is as good as nothing.
        for event in self.state.decide(command).unwrap_or_default() {
            self.state.apply(event.clone());
            self.events.push((event.clone(), at));
            log.push(Recorded {
                aggregate_type: A::TYPE,
                id: self.id.clone(),
                sequence: i64::try_from(self.events.len()).unwrap(),
                event_type: event.event_type(),
                payload: serde_json::to_string(&event).unwrap(),
            });
        }
    }
}

fn pairs(value: u8) -> UserMetadata {
    let pair = ("k".to_owned(), (value % 3).to_string());
    UserMetadata::parse([pair].into()).unwrap()
}

fn items(first: i64, count: u8) -> Vec<Item> {
    let item = |n| {
        let id = ItemId::parse(&format!("msg_{first}_{n}")).unwrap();
        Item::message(
            id,
            Role::User,
            vec![ContentPart::input(format!("{first} and {n}"))],
        )
    };
    (0..count).map(item).collect()
}

fn conversation_command(
    state: &Conversation,
    owner: Owner,
    (choice, value): (u8, u8),
    (number, at): (i64, DateTime<Utc>),
) -> ConversationCommand {
    use ConversationCommand as C;
    let word = |value: u8| format!("word {}", value % 4);
    match choice {
        0 | 1 => C::Create {
            owner,
            title: (value % 2 == 0).then(|| word(value)),
            metadata: pairs(value),
            referrer: (value % 3 == 0).then(|| word(value)),
            items: items(number, value % 3),
            at,
        },
        2 => C::Update {
            title: (value % 2 == 0).then(|| word(value)),
            metadata: (value % 3 == 0).then(|| pairs(value)),
            referrer: (value % 5 == 0).then(|| word(value)),
            at,
        },
        3..=6 => C::AppendItems {
            items: items(number, 1 + value % 3),
            response: None,
            at,
        },
        7 | 8 => C::DeleteItems {
            items: match state {
                Conversation::Live(live) if !live.items.is_empty() => {
                    vec![live.items[usize::from(value) % live.items.len()].id.clone()]
                }
                _ => vec![],
            },
            at,
        },
        _ if value % 4 == 0 => C::Delete { at },
        _ => C::DeleteItems { items: vec![], at },
    }
}

/// What `value` says a model answers.
pub(super) fn answer(value: u8) -> Answer {
    Answer {
        provider_id: Some("p".to_owned()),
        model: "m".to_owned(),
        body: Json::of(&[value]),
        system_fingerprint: None,
        service_tier: None,
    }
}

fn usage(value: u8) -> Usage {
    Usage {
        input_tokens: u64::from(value),
        cached_tokens: u64::from(value / 2),
        output_tokens: u64::from(value) * 3,
        reasoning_tokens: 1,
    }
}

fn requested(id: &str, owner: Owner, value: u8) -> Box<RequestedCall> {
    let retentions = [Retention::Stored, Retention::Recorded, Retention::UsageOnly];
    let model = format!("model-{}", value % 2);
    let id = ResponseId::parse(id).unwrap();
    Box::new(RequestedCall {
        owner,
        surface: Surface::ChatCompletions,
        step: PlannedStep::inference(&id, 0, "local", &model, b"input"),
        model,
        request: Json::of(&[value]),
        stream: false,
        retention: retentions[usize::from(value) % 3],
        conversation: value
            .is_multiple_of(5)
            .then(|| ConversationId::parse("conv_x").unwrap()),
        metadata: pairs(value),
        node: NodeId::parse("node_1").unwrap(),
        run: None,
    })
}

fn response_command(
    id: &str,
    owner: Owner,
    (choice, value): (u8, u8),
    at: DateTime<Utc>,
) -> ResponseCommand {
    use ResponseCommand as C;
    let (answer, usage) = (answer(value), usage(value));
    let timing = Timing {
        first_token_ms: 3,
        total_ms: u64::from(value),
    };
    match choice {
        0..=3 => C::Request {
            call: requested(id, owner, value),
            at,
        },
        4 | 5 => C::Complete {
            answer,
            usage,
            timing,
            at,
        },
        6 => C::Interrupt {
            reason: IncompleteReason::ClientDisconnected,
            answer,
            usage,
            timing,
            at,
        },
        7 => C::Fail {
            failure: Failure {
                kind: FailureKind::ProviderCut,
                message: "cut".to_owned(),
            },
            partial: (value % 2 == 0).then_some(answer),
            timing,
            at,
        },
        8 => C::ReplaceMetadata {
            metadata: pairs(value),
            at,
        },
        _ => C::Delete { at },
    }
}

fn account_command(id: &str, (choice, value): (u8, u8), at: DateTime<Utc>) -> AccountCommand {
    use AccountCommand as C;
    let session = SessionId::parse(&id.replace("user_", "sess_")).unwrap();
    let secret = |value: u8| SecretHash(format!("{value}"));
    match choice {
        0..=4 => C::CreateGuest {
            owner: owner(id.trim_start_matches("user_")),
            username: format!("guest-{value}"),
            session,
            refresh: secret(0),
            expires_at: at + TimeDelta::days(900),
            at,
        },
        5 | 6 => C::CloseSession { session, at },
        _ => C::RefreshSession {
            session,
            presented: secret(value % 2),
            refresh: secret(1 + value % 2),
            expires_at: at + TimeDelta::days(900),
            at,
        },
    }
}

fn document_command(owner: Owner, (choice, value): (u8, u8), at: DateTime<Utc>) -> DocumentCommand {
    if choice > 6 {
        return DocumentCommand::Remove { at };
    }
    let tags = (0..value % 3).map(|tag| format!("tag {tag}")).collect();
    let text = format!("Value {value}, told again. ").repeat(1 + usize::from(value % 5) * 40);
    let fields = [("v\t\\".to_owned(), value.into())].into_iter().collect();
    DocumentCommand::Index {
        owner,
        name: DocumentName::parse("a document").unwrap(),
        content: DocumentContent::try_new(&text, fields, tags).unwrap(),
        at,
    }
}

/// What is kept for a time is kept for longer than any test runs.
fn media_command(owner: Owner, (choice, value): (u8, u8), at: DateTime<Utc>) -> MediaCommand {
    let bytes = [value % 2];
    let place = if value % 5 == 0 { "0a/02" } else { "0a/01" };
    let place = ObjectPlace::try_from(place.to_owned()).unwrap();
    match choice {
        0..=2 => MediaCommand::Prepare {
            owner,
            place,
            label: MediaLabel {
                file_name: (value % 3 > 0).then(|| FileName::parse("a\\b\u{e9}").unwrap()),
                purpose: Purpose::ALL[usize::from(value) % Purpose::ALL.len()],
            },
            expires_at: at + TimeDelta::hours(1),
            at,
        },
        3..=6 => MediaCommand::Keep {
            place,
            content: MediaContent {
                bytes: 1,
                sha256: ContentHash::of(&bytes),
                media_type: "image/png".to_owned(),
                dimensions: (value % 2 == 0).then_some(Dimensions {
                    width: 3,
                    height: u32::from(value) + 1,
                }),
            },
            retain_until: (value % 3 > 0).then(|| at + TimeDelta::days(40_000)),
            at,
        },
        7 => MediaCommand::Expire { at },
        8 => MediaCommand::Delete { at },
        _ => MediaCommand::Purge { place, at },
    }
}

/// Picks out the events that a naive reading of a conversation needs by name.
pub(super) fn appended(event: &ConversationEvent) -> &[Item] {
    match event {
        ConversationEvent::ItemsAppended { items, .. } => items,
        _ => &[],
    }
}

/// The call of a response's first event.
pub(super) fn call(event: &ResponseEvent) -> Option<&RequestedCall> {
    match event {
        ResponseEvent::Requested { call, .. } => Some(call),
        _ => None,
    }
}

/// Whether a session of the account was closed.
pub(super) fn closes(event: &AccountEvent) -> bool {
    matches!(event, AccountEvent::SessionClosed { .. })
}
