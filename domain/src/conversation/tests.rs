//! The rules of a conversation, one sentence each.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::test::TestFramework;

use super::{Conversation, ConversationCommand as C, ConversationError, ConversationEvent as E};
use crate::caller::Owner;
use crate::id::{AccountId, ItemId, ResponseId, TenantId};
use crate::item::{ContentPart, Item, Role};
use crate::limits::{ITEMS_PER_CALL_MAX, REFERRER_CHARS_MAX, TITLE_CHARS_MAX};
use crate::user_metadata::UserMetadata;

const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn decided(given: Vec<E>, command: C) -> Result<Vec<E>, ConversationError> {
    TestFramework::<Conversation>::with(())
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

fn item_id(id: &str) -> ItemId {
    ItemId::parse(id).unwrap()
}

fn said(id: &str, text: &str) -> Item {
    Item::message(item_id(id), Role::User, vec![ContentPart::input(text)])
}

fn many(count: usize) -> Vec<Item> {
    (0..count)
        .map(|n| said(&format!("msg_many{n}"), "x"))
        .collect()
}

fn pairs(value: &str) -> UserMetadata {
    UserMetadata::parse(BTreeMap::from([("k".to_owned(), value.to_owned())])).unwrap()
}

fn create(account: &str, items: Vec<Item>) -> C {
    C::Create {
        owner: owner(account),
        title: Some("tea".to_owned()),
        metadata: pairs("a"),
        referrer: None,
        items,
        at: NOON,
    }
}

fn created() -> E {
    E::Created {
        owner: owner("user_ann"),
        title: Some("tea".to_owned()),
        metadata: pairs("a"),
        referrer: None,
        at: NOON,
    }
}

fn entitle(title: Option<&str>, referrer: Option<&str>) -> C {
    C::Update {
        title: title.map(str::to_owned),
        metadata: None,
        referrer: referrer.map(str::to_owned),
        at: NOON,
    }
}

fn append(items: Vec<Item>) -> C {
    C::AppendItems {
        items,
        response: None,
        at: NOON,
    }
}

fn appended(items: Vec<Item>) -> E {
    E::ItemsAppended {
        items,
        response: None,
        at: NOON,
    }
}

fn delete_items(ids: &[&str]) -> C {
    C::DeleteItems {
        items: ids.iter().map(|id| item_id(id)).collect(),
        at: NOON,
    }
}

fn item_deleted(id: &str) -> E {
    E::ItemDeleted {
        item: item_id(id),
        at: NOON,
    }
}

fn delete() -> C {
    C::Delete { at: NOON }
}

fn deleted() -> E {
    E::Deleted { at: NOON }
}

#[test]
fn a_conversation_begins_empty_or_with_items() {
    assert_eq!(
        decided(vec![], create("user_ann", vec![])),
        Ok(vec![created()])
    );
    let items = vec![said("msg_1", "hi"), said("msg_2", "ho")];
    assert_eq!(
        decided(vec![], create("user_ann", items.clone())),
        Ok(vec![created(), appended(items)])
    );
}

#[test]
fn creating_a_conversation_again_is_no_news() {
    assert_eq!(
        decided(vec![created()], create("user_ann", vec![])),
        Ok(vec![])
    );
}

#[test]
fn an_id_is_never_given_to_another_conversation() {
    for (past, account) in [
        (vec![created()], "user_bob"),
        (vec![created(), deleted()], "user_ann"),
    ] {
        assert_eq!(
            decided(past, create(account, vec![])),
            Err(ConversationError::AlreadyExists)
        );
    }
}

#[test]
fn nothing_can_be_asked_of_a_conversation_that_is_not_there() {
    for past in [vec![], vec![created(), deleted()]] {
        for command in [
            entitle(Some("coffee"), None),
            append(vec![said("msg_1", "hi")]),
            delete_items(&["msg_1"]),
        ] {
            assert_eq!(
                decided(past.clone(), command),
                Err(ConversationError::NotFound)
            );
        }
    }
}

#[test]
fn a_conversation_ends_once() {
    assert_eq!(decided(vec![], delete()), Err(ConversationError::NotFound));
    assert_eq!(decided(vec![created()], delete()), Ok(vec![deleted()]));
    assert_eq!(decided(vec![created(), deleted()], delete()), Ok(vec![]));
}

#[test]
fn an_update_changes_what_is_given_and_keeps_the_rest() {
    let everything = C::Update {
        title: Some("coffee".to_owned()),
        metadata: Some(pairs("b")),
        referrer: Some("jan".to_owned()),
        at: NOON,
    };
    let changes = vec![
        E::TitleChanged {
            title: "coffee".to_owned(),
            at: NOON,
        },
        E::MetadataReplaced {
            metadata: pairs("b"),
            at: NOON,
        },
        E::ReferrerChanged {
            referrer: "jan".to_owned(),
            at: NOON,
        },
    ];
    assert_eq!(
        decided(vec![created()], everything.clone()),
        Ok(changes.clone())
    );
    assert_eq!(
        decided(vec![created()], entitle(Some("coffee"), None)),
        Ok(vec![changes[0].clone()])
    );
    let past = [vec![created()], changes].concat();
    assert_eq!(decided(past, everything), Ok(vec![]));
}

#[test]
fn an_update_to_what_is_already_so_is_no_news() {
    let same = C::Update {
        title: Some("tea".to_owned()),
        metadata: Some(pairs("a")),
        referrer: None,
        at: NOON,
    };
    assert_eq!(decided(vec![created()], same), Ok(vec![]));
}

#[test]
fn metadata_can_be_emptied() {
    let emptied = C::Update {
        title: None,
        metadata: Some(UserMetadata::default()),
        referrer: None,
        at: NOON,
    };
    let event = E::MetadataReplaced {
        metadata: UserMetadata::default(),
        at: NOON,
    };
    assert_eq!(decided(vec![created()], emptied), Ok(vec![event]));
}

#[test]
fn a_title_has_at_most_its_limit_of_characters() {
    let fits = "é".repeat(TITLE_CHARS_MAX);
    assert!(decided(vec![created()], entitle(Some(&fits), None)).is_ok());
    let title = format!("{fits}é");
    let mut creation = create("user_ann", vec![]);
    if let C::Create { title: given, .. } = &mut creation {
        *given = Some(title.clone());
    }
    let refused = Err(ConversationError::InvalidTitle);
    assert_eq!(decided(vec![], creation), refused);
    assert_eq!(
        decided(vec![created()], entitle(Some(&title), None)),
        refused
    );
}

#[test]
fn a_referrer_has_at_least_one_character_and_at_most_its_limit() {
    let fits = "é".repeat(REFERRER_CHARS_MAX);
    assert!(decided(vec![created()], entitle(None, Some(&fits))).is_ok());
    for wrong in [String::new(), format!("{fits}é")] {
        let mut creation = create("user_ann", vec![]);
        if let C::Create { referrer, .. } = &mut creation {
            *referrer = Some(wrong.clone());
        }
        let refused = Err(ConversationError::InvalidReferrer);
        assert_eq!(decided(vec![], creation), refused);
        assert_eq!(
            decided(vec![created()], entitle(None, Some(&wrong))),
            refused
        );
    }
}

#[test]
fn items_are_added_at_the_end() {
    let items = vec![said("msg_2", "ho"), said("msg_1", "hi")];
    assert_eq!(
        decided(vec![created()], append(items.clone())),
        Ok(vec![appended(items)])
    );
    assert_eq!(decided(vec![created()], append(vec![])), Ok(vec![]));
}

#[test]
fn an_item_that_is_there_already_is_no_news() {
    let past = vec![created(), appended(vec![said("msg_1", "hi")])];
    assert_eq!(
        decided(past.clone(), append(vec![said("msg_1", "hi")])),
        Ok(vec![])
    );
    let with_a_new_one = append(vec![said("msg_1", "hi"), said("msg_2", "ho")]);
    assert_eq!(
        decided(past, with_a_new_one),
        Ok(vec![appended(vec![said("msg_2", "ho")])])
    );
}

#[test]
fn an_item_id_is_never_given_to_another_item() {
    let taken = Err(ConversationError::DuplicateItem(item_id("msg_1")));
    let held = vec![created(), appended(vec![said("msg_1", "hi")])];
    assert_eq!(
        decided(held.clone(), append(vec![said("msg_1", "ho")])),
        taken
    );
    let gone = [held, vec![item_deleted("msg_1")]].concat();
    assert_eq!(decided(gone, append(vec![said("msg_1", "hi")])), taken);
    let twins = vec![said("msg_1", "hi"), said("msg_1", "ho")];
    assert_eq!(decided(vec![created()], append(twins.clone())), taken);
    assert_eq!(decided(vec![], create("user_ann", twins)), taken);
}

#[test]
fn a_caller_adds_at_most_the_limit_of_items_in_one_call() {
    assert!(decided(vec![created()], append(many(ITEMS_PER_CALL_MAX))).is_ok());
    let refused = Err(ConversationError::TooManyItems);
    let too_many = many(ITEMS_PER_CALL_MAX + 1);
    assert_eq!(decided(vec![created()], append(too_many.clone())), refused);
    assert_eq!(decided(vec![], create("user_ann", too_many)), refused);
}

#[test]
fn a_model_call_brings_as_many_items_as_it_has() {
    let response = Some(ResponseId::parse("chatcmpl-1").unwrap());
    let items = many(ITEMS_PER_CALL_MAX + 1);
    let command = C::AppendItems {
        items: items.clone(),
        response: response.clone(),
        at: NOON,
    };
    let event = E::ItemsAppended {
        items,
        response,
        at: NOON,
    };
    assert_eq!(decided(vec![created()], command), Ok(vec![event]));
}

#[test]
fn an_item_is_deleted_once() {
    let items = vec![said("msg_1", "hi"), said("msg_2", "ho")];
    let past = vec![created(), appended(items)];
    assert_eq!(
        decided(past.clone(), delete_items(&["msg_2", "msg_2", "msg_1"])),
        Ok(vec![item_deleted("msg_2"), item_deleted("msg_1")])
    );
    let past = [past, vec![item_deleted("msg_1")]].concat();
    assert_eq!(decided(past, delete_items(&["msg_1"])), Ok(vec![]));
}

#[test]
fn when_one_item_is_missing_none_is_deleted() {
    let past = vec![created(), appended(vec![said("msg_1", "hi")])];
    assert_eq!(
        decided(past, delete_items(&["msg_1", "msg_9"])),
        Err(ConversationError::ItemNotFound(item_id("msg_9")))
    );
}

#[test]
fn a_conversation_has_an_owner_from_its_first_event_to_after_its_last() {
    let mut conversation = Conversation::default();
    assert_eq!(conversation.owner(), None);
    for event in [created(), deleted()] {
        conversation.apply(event);
        assert_eq!(conversation.owner(), Some(&owner("user_ann")));
    }
}
