//! Long histories of chats, made inside the database: for what only shows with many events.

use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use jan_domain::conversation::{Conversation, ConversationEvent};
use jan_domain::id::{AccountId, ConversationId, ItemId, NodeId, ResponseId, TenantId};
use jan_domain::item::{ContentPart, Item, Role};
use jan_domain::metadata::Metadata;
use jan_domain::response::{
    Answer, PlannedStep, RequestedCall, Response, ResponseEvent, Retention, Surface, Timing, Usage,
};
use jan_domain::{Json, Owner, UserMetadata};
use sqlx::PgPool;

/// Exchanges of each conversation.
pub const EXCHANGES: i64 = 6;
/// Events of each conversation and its calls.
pub const EVENTS_OF_EACH: i64 = 1 + 3 * EXCHANGES;
/// Conversations written by one statement.
const BATCH: i64 = 500;

/// One event with the places of its numbers: `77770000` stands for the conversation, `88880000` for
/// the exchange.
struct Template {
    aggregate_type: &'static str,
    id: &'static str,
    event_type: String,
    payload: String,
}

/// Writes the conversations `from..from + count`: each begins, then people and models take turns.
/// Account `user_synthetic7` owns those whose number ends on 7, and so on.
pub async fn write_chats(pool: &PgPool, from: i64, count: i64) -> Result<(), sqlx::Error> {
    let templates = [created(), requested(), completed(), appended()];
    let column = |text: fn(&Template) -> String| templates.iter().map(text).collect::<Vec<_>>();
    let mut first = from;
    while first < from + count {
        let last = (first + BATCH).min(from + count) - 1;
        sqlx::query(include_str!("synthetic.sql"))
            .bind(column(|event| event.aggregate_type.to_owned()))
            .bind(column(|event| event.id.to_owned()))
            .bind(column(|event| event.event_type.clone()))
            .bind(column(|event| event.payload.clone()))
            .bind(metadata())
            .bind(first)
            .bind(last)
            .bind(EXCHANGES)
            .execute(pool)
            .await?;
        first = last + 1;
    }
    Ok(())
}

fn metadata() -> String {
    let text = serde_json::to_string(&Metadata::of_system(&owner(), "synthetic"));
    text.expect("metadata is JSON")
}

/// Whose the conversation 77770000 is.
pub fn owner() -> Owner {
    owner_of(0)
}

/// Whose a conversation is.
pub fn owner_of(number: i64) -> Owner {
    let digit = number % 10;
    let account = AccountId::parse(&format!("user_synthetic{digit}"));
    Owner {
        tenant: TenantId::default(),
        account: account.expect("a prefix and letters make an id"),
    }
}

/// The id of a conversation.
pub fn conversation(number: i64) -> ConversationId {
    let id = ConversationId::parse(&format!("conv_{number:08}"));
    id.expect("a prefix and digits make an id")
}

fn template<A: cqrs_es::Aggregate>(id: &'static str, event: &A::Event) -> Template {
    Template {
        aggregate_type: A::TYPE,
        id,
        event_type: event.event_type(),
        payload: serde_json::to_string(event).expect("an event is JSON"),
    }
}

const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;
const CONVERSATION: &str = "conv_77770000";
const CALL: &str = "chatcmpl-77770000x88880000";

fn created() -> Template {
    let event = ConversationEvent::Created {
        owner: owner(),
        title: Some("Talk 77770000".to_owned()),
        metadata: UserMetadata::default(),
        referrer: None,
        at: NOON,
    };
    template::<Conversation>(CONVERSATION, &event)
}

fn appended() -> Template {
    let words = "The sea is wide, and the boat is small.\n".repeat(6);
    let item = |role, kind: &str| {
        let id = ItemId::parse(&format!("msg_77770000x88880000{kind}"));
        let id = id.expect("a prefix and letters make an id");
        let part = match role {
            Role::Assistant => ContentPart::output(words.clone()),
            _ => ContentPart::input("Tell me about the sea.".to_owned()),
        };
        Item::message(id, role, vec![part])
    };
    let event = ConversationEvent::ItemsAppended {
        items: vec![item(Role::User, "q"), item(Role::Assistant, "a")],
        response: Some(response()),
        at: NOON,
    };
    template::<Conversation>(CONVERSATION, &event)
}

fn response() -> ResponseId {
    ResponseId::parse(CALL).expect("a prefix and letters make an id")
}

fn requested() -> Template {
    let call = RequestedCall {
        owner: owner(),
        surface: Surface::ChatCompletions,
        step: PlannedStep::inference(&response(), 0, "local", "model", b"input"),
        model: "model-88880000".to_owned(),
        request: Json::of(&["Tell me about the sea."; 4]),
        stream: true,
        retention: Retention::Recorded,
        conversation: None,
        metadata: UserMetadata::default(),
        node: NodeId::parse("node_1").expect("a prefix and digits make an id"),
        run: None,
    };
    let event = ResponseEvent::Requested {
        call: Box::new(call),
        at: NOON,
    };
    template::<Response>(CALL, &event)
}

fn completed() -> Template {
    let event = ResponseEvent::Completed {
        answer: Answer {
            provider_id: Some("p".to_owned()),
            model: "m".to_owned(),
            body: Json::of(&["The sea is wide, and the boat is small."; 6]),
            system_fingerprint: None,
            service_tier: None,
        },
        usage: Usage {
            input_tokens: 21,
            cached_tokens: 7,
            output_tokens: 60,
            reasoning_tokens: 0,
        },
        timing: Timing {
            first_token_ms: 40,
            total_ms: 900,
        },
        at: NOON,
    };
    template::<Response>(CALL, &event)
}
