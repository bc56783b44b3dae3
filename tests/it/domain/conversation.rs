use std::collections::BTreeSet;

use jan_domain::conversation::{
    Conversation, ConversationCommand, ConversationEvent, Origin, Turn,
};
use jan_domain::history::Event;
use jan_domain::id::{ConversationId, ItemId, ResponseId};
use jan_domain::item::{ContentPart, Item, ItemBody, ItemStatus, Role};
use jan_domain::limits::{ITEMS_PER_CALL_MAX, REFERRER_CHARS_MAX, TITLE_CHARS_MAX};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value};

use super::laws::{self, Subject};
use super::values::{json, metadata, moment, owner, text};

impl Subject for Conversation {
    fn recorded(event: ConversationEvent) -> Event {
        Event::Conversation(event)
    }
}

fn item_id() -> impl Strategy<Value = ItemId> {
    (0..8).prop_map(|n| ItemId::parse(&format!("msg_{n}")).unwrap())
}

/// A JSON object of a type that is kept without being interpreted.
fn opaque(kind: &'static str) -> impl Strategy<Value = Map<String, Value>> {
    json().prop_map(move |data| {
        let fields = [("data", data), ("type", Value::from(kind))];
        fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect()
    })
}

fn part() -> impl Strategy<Value = ContentPart> {
    let logprobs = option::of(json().prop_filter("null is absent", |value| !value.is_null()));
    prop_oneof![
        text().prop_map(ContentPart::input),
        (text(), vec(json(), 0..2), logprobs).prop_map(|(text, annotations, logprobs)| {
            ContentPart::OutputText {
                text,
                annotations,
                logprobs,
            }
        }),
        text().prop_map(|refusal| ContentPart::Refusal { refusal }),
        text().prop_map(|text| ContentPart::ReasoningText { text }),
        (option::of(text()), option::of(text()), option::of(text())).prop_map(
            |(image_url, file_id, detail)| ContentPart::InputImage {
                image_url,
                file_id,
                detail
            }
        ),
        opaque("input_file").prop_map(ContentPart::Opaque),
    ]
}

fn body() -> impl Strategy<Value = ItemBody> {
    let role = prop_oneof![
        Just(Role::User),
        Just(Role::Assistant),
        Just(Role::System),
        Just(Role::Developer),
        Just(Role::Tool),
    ];
    let output = prop_oneof![
        text().prop_map(Value::from),
        vec(json(), 0..2).prop_map(Value::from)
    ];
    prop_oneof![
        6 => Just(ItemBody::Message {
            role: Role::User,
            content: vec![ContentPart::input("hi")]
        }),
        3 => (role, vec(part(), 0..3))
            .prop_map(|(role, content)| ItemBody::Message { role, content }),
        1 => (text(), text(), text()).prop_map(|(call_id, name, arguments)| {
            ItemBody::FunctionCall { call_id, name, arguments, namespace: None }
        }),
        1 => (text(), output).prop_map(|(call_id, output)| {
            ItemBody::FunctionCallOutput { call_id, output }
        }),
        1 => opaque("reasoning").prop_map(ItemBody::Opaque),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    let status = prop_oneof![
        4 => Just(ItemStatus::Completed),
        1 => Just(ItemStatus::InProgress),
        1 => Just(ItemStatus::Incomplete),
    ];
    (item_id(), status, body()).prop_map(|(id, status, body)| Item { id, status, body })
}

fn items() -> impl Strategy<Value = Vec<Item>> {
    let too_many = item().prop_map(|item| vec![item; ITEMS_PER_CALL_MAX + 1]);
    prop_oneof![12 => vec(item(), 0..4), 1 => too_many]
}

fn title() -> impl Strategy<Value = String> {
    prop_oneof![8 => text(), 1 => Just("é".repeat(TITLE_CHARS_MAX + 1))]
}

fn referrer() -> impl Strategy<Value = String> {
    prop_oneof![8 => text(), 1 => Just("é".repeat(REFERRER_CHARS_MAX + 1))]
}

fn create() -> impl Strategy<Value = ConversationCommand> {
    (
        owner(),
        option::of(title()),
        metadata(),
        option::of(referrer()),
        (items(), moment()),
    )
        .prop_map(|(owner, title, metadata, referrer, (items, at))| {
            ConversationCommand::Create {
                owner,
                title,
                metadata,
                referrer,
                items,
                at,
            }
        })
}

fn fork() -> impl Strategy<Value = ConversationCommand> {
    let turn = (vec(item(), 0..3), option::of(Just("resp_1"))).prop_map(|(items, response)| Turn {
        items,
        response: response.map(|id| ResponseId::parse(id).unwrap()),
    });
    let texts = (option::of(title()), option::of(referrer()), metadata());
    let origin = ("conv_[ab]", 1..9_i64, option::of(item_id()));
    (owner(), texts, origin, vec(turn, 0..3), moment()).prop_map(
        |(owner, (title, referrer, metadata), (from, version, item), turns, at)| {
            let from = ConversationId::parse(&from).unwrap();
            ConversationCommand::Fork {
                owner,
                title,
                metadata,
                referrer,
                origin: Origin {
                    root: from.clone(),
                    from,
                    version,
                    item,
                },
                turns,
                at,
            }
        },
    )
}

fn update() -> impl Strategy<Value = ConversationCommand> {
    (
        option::of(title()),
        option::of(metadata()),
        option::of(referrer()),
        moment(),
    )
        .prop_map(
            |(title, metadata, referrer, at)| ConversationCommand::Update {
                title,
                metadata,
                referrer,
                at,
            },
        )
}

fn append() -> impl Strategy<Value = ConversationCommand> {
    let response = option::of(Just("chatcmpl-1"));
    (items(), response, moment()).prop_map(|(items, response, at)| {
        ConversationCommand::AppendItems {
            items,
            response: response.map(|id| ResponseId::parse(id).unwrap()),
            at,
        }
    })
}

fn delete_items() -> impl Strategy<Value = ConversationCommand> {
    (vec(item_id(), 0..3), moment())
        .prop_map(|(items, at)| ConversationCommand::DeleteItems { items, at })
}

fn delete() -> impl Strategy<Value = ConversationCommand> {
    moment().prop_map(|at| ConversationCommand::Delete { at })
}

fn begin_run() -> impl Strategy<Value = ConversationCommand> {
    (run(), moment()).prop_map(|(response, at)| ConversationCommand::BeginRun { response, at })
}

fn end_run() -> impl Strategy<Value = ConversationCommand> {
    (run(), moment()).prop_map(|(response, at)| ConversationCommand::EndRun { response, at })
}

fn run() -> impl Strategy<Value = ResponseId> {
    prop_oneof![Just("resp_1"), Just("resp_2")].prop_map(|id| ResponseId::parse(id).unwrap())
}

/// Any command.
pub(super) fn command() -> impl Strategy<Value = ConversationCommand> {
    prop_oneof![
        6 => create(),
        3 => fork(),
        6 => update(),
        12 => append(),
        8 => delete_items(),
        3 => begin_run(),
        3 => end_run(),
        1 => delete(),
    ]
}

/// What may be asked of one conversation, one after the other.
pub(crate) fn commands() -> impl Strategy<Value = Vec<ConversationCommand>> {
    vec(command(), 0..24)
}

proptest! {
    #[test]
    fn what_is_recorded_is_what_was_decided(commands in commands()) {
        laws::records_what_was_decided::<Conversation>(commands)?;
    }

    #[test]
    fn events_add_up_to_the_state_from_any_point(commands in commands()) {
        laws::adds_up_from_any_point::<Conversation>(commands)?;
    }

    #[test]
    fn every_event_reads_back_as_itself(commands in commands()) {
        laws::reads_back_as_itself::<Conversation>(commands)?;
    }

    #[test]
    fn a_command_repeated_at_once_adds_nothing(commands in commands()) {
        laws::repeats_harmlessly::<Conversation>(commands, |_| false)?;
    }

    #[test]
    fn an_item_id_is_used_once_and_never_returns(commands in commands()) {
        let mut used = BTreeSet::new();
        for step in laws::live::<Conversation>(commands) {
            for event in step.outcome.unwrap_or_default() {
                if let ConversationEvent::ItemsAppended { items, .. } = event {
                    for item in items {
                        prop_assert!(used.insert(item.id.clone()), "{} came twice", item.id);
                    }
                }
            }
            let Conversation::Live(live) = step.after else { continue };
            let held: BTreeSet<_> = live.items.iter().map(|item| item.id.clone()).collect();
            prop_assert_eq!(held.len(), live.items.len());
            prop_assert!(held.is_disjoint(&live.deleted_items));
        }
    }

    #[test]
    fn nothing_follows_the_end_of_a_conversation(commands in commands()) {
        let events = laws::events(&laws::live::<Conversation>(commands));
        for (at, event) in events.iter().enumerate() {
            let begins = matches!(event, ConversationEvent::Created { .. });
            let ends = matches!(event, ConversationEvent::Deleted { .. });
            prop_assert_eq!(begins, at == 0);
            prop_assert!(!ends || at + 1 == events.len());
        }
    }
}

#[test]
fn the_commands_reach_every_event_and_every_refusal() {
    let (events, refusals) = laws::reached::<Conversation>(&commands());
    assert_eq!(
        events,
        laws::names(&[
            "ConversationCreated",
            "ConversationForked",
            "ConversationTitleChanged",
            "ConversationMetadataReplaced",
            "ConversationReferrerChanged",
            "ConversationItemsAppended",
            "ConversationItemDeleted",
            "ConversationRunBegan",
            "ConversationRunEnded",
            "ConversationDeleted",
        ])
    );
    assert_eq!(
        refusals,
        laws::names(&[
            "NotFound",
            "AlreadyExists",
            "InvalidTitle",
            "InvalidReferrer",
            "TooManyItems",
            "DuplicateItem",
            "ItemNotFound",
            "Locked",
        ])
    );
}
