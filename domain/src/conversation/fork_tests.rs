//! The rules of forks, and of comparing.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::test::TestFramework;

use super::{
    Conversation, ConversationCommand as C, ConversationError, ConversationEvent as E, Difference,
    LiveConversation, Origin, Turn,
};
use crate::caller::Owner;
use crate::id::{AccountId, ConversationId, ItemId, ResponseId, TenantId};
use crate::item::{ContentPart, Item, Role};
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

fn said(id: &str) -> Item {
    let id = ItemId::parse(id).unwrap();
    Item::message(id, Role::User, vec![ContentPart::input("x")])
}

fn origin(from: &str, version: i64) -> Origin {
    Origin {
        from: ConversationId::parse(from).unwrap(),
        version,
        item: None,
        root: ConversationId::parse("conv_root").unwrap(),
    }
}

fn fork(account: &str, origin: Origin, turns: Vec<Turn>) -> C {
    C::Fork {
        owner: owner(account),
        title: Some("tea".to_owned()),
        metadata: UserMetadata::default(),
        referrer: None,
        origin,
        turns,
        at: NOON,
    }
}

fn turn(items: &[&str], response: Option<&str>) -> Turn {
    Turn {
        items: items.iter().map(|id| said(id)).collect(),
        response: response.map(|id| ResponseId::parse(id).unwrap()),
    }
}

fn appended(turn: Turn) -> E {
    E::ItemsAppended {
        items: turn.items,
        response: turn.response,
        at: NOON,
    }
}

fn begun() -> Vec<E> {
    let created = E::Created {
        owner: owner("user_ann"),
        title: Some("tea".to_owned()),
        metadata: UserMetadata::default(),
        referrer: None,
        at: NOON,
    };
    let origin = origin("conv_a", 3);
    vec![created, E::Forked { origin, at: NOON }]
}

#[test]
fn a_fork_begins_with_its_origin_and_what_it_copies() {
    let turns = [
        turn(&["msg_1", "msg_2"], Some("resp_1")),
        turn(&["msg_3"], None),
    ];
    let empty = turn(&[], Some("resp_2"));
    let command = fork(
        "user_ann",
        origin("conv_a", 3),
        vec![turns[0].clone(), empty, turns[1].clone()],
    );
    let expected = begun().into_iter().chain(turns.map(appended)).collect();
    assert_eq!(decided(vec![], command), Ok(expected));
}

#[test]
fn a_fork_asked_for_again_adds_nothing_whatever_became_of_the_original() {
    let again = fork(
        "user_ann",
        origin("conv_a", 9),
        vec![turn(&["msg_1"], None)],
    );
    assert_eq!(decided(begun(), again), Ok(vec![]));
}

#[test]
fn an_id_that_is_taken_is_no_fork() {
    for (account, from) in [("user_bob", "conv_a"), ("user_ann", "conv_b")] {
        let other = fork(account, origin(from, 3), vec![]);
        assert_eq!(
            decided(begun(), other),
            Err(ConversationError::AlreadyExists)
        );
    }
    let mut ended = begun();
    ended.push(E::Deleted { at: NOON });
    let late = fork("user_ann", origin("conv_a", 3), vec![]);
    assert_eq!(decided(ended, late), Err(ConversationError::AlreadyExists));
}

#[test]
fn an_item_is_copied_once() {
    let twice = vec![turn(&["msg_1"], None), turn(&["msg_1"], None)];
    let refused = decided(vec![], fork("user_ann", origin("conv_a", 3), twice));
    assert!(refused.is_err(), "{refused:?}");
}

fn live(events: Vec<E>) -> LiveConversation {
    let mut state = Conversation::default();
    for event in events {
        state.apply(event);
    }
    let Conversation::Live(live) = state else {
        panic!("{state:?}")
    };
    live
}

#[test]
fn a_difference_names_what_changed_and_nothing_else() {
    let first = live(
        begun()
            .into_iter()
            .chain([appended(turn(&["msg_1", "msg_2"], None))])
            .collect(),
    );
    let mut second = first.clone();
    assert_eq!(Difference::between(&first, &second), Difference::default());
    second.items = vec![said("msg_2"), said("msg_3")];
    second.items[0].body = said("msg_2").body;
    second.title = None;
    let told = Difference::between(&first, &second);
    assert_eq!(told.added, [said("msg_3")]);
    assert_eq!(told.removed, [said("msg_1")]);
    assert_eq!(told.changed, []);
    assert_eq!(told.title, Some((Some("tea".to_owned()), None)));
    assert_eq!((told.referrer, told.metadata), (None, None));
    second.items[0].status = crate::item::ItemStatus::Incomplete;
    let told = Difference::between(&first, &second);
    assert_eq!(told.changed, [(said("msg_2"), second.items[0].clone())]);
}
