//! Conversations and items are paged within their owner, and large ones come in small pages.

use futures::StreamExt;
use jan_domain::UserMetadata;
use jan_domain::conversation::{Conversation, ConversationEvent};
use jan_domain::id::{ConversationId, ItemId};
use jan_domain::item::{ContentPart, Item, Role};
use jan_projections::{EventFilter, EventTail, ListError, Order, PageRequest, ReadModels};
use sqlx::PgPool;

use super::database::database;
use super::log::{append, folded, minute, owner};

fn conversation(number: i64) -> ConversationId {
    ConversationId::parse(&format!("conv_{number}")).unwrap()
}

/// Seven conversations of Ann, two per minute, every other one with a referrer; one of Bob.
async fn eight_conversations(pool: &PgPool) {
    let mut connection = pool.acquire().await.unwrap();
    for number in 0..8 {
        let event = ConversationEvent::Created {
            owner: owner(if number == 7 { "bob" } else { "ann" }),
            title: None,
            metadata: UserMetadata::default(),
            referrer: (number % 2 == 0).then(|| "web".to_owned()),
            at: minute(number / 2),
        };
        let id = conversation(number);
        append::<Conversation>(&mut connection, id.as_str(), 1, &event).await;
    }
}

async fn walk(
    reads: &ReadModels,
    referrer: Option<&str>,
    order: Order,
) -> (Vec<String>, Vec<bool>, i64) {
    let mut request = PageRequest {
        after: None,
        limit: 3,
        order,
    };
    let (mut ids, mut mores) = (Vec::new(), Vec::new());
    loop {
        let list = reads
            .conversations
            .list(&owner("ann"), referrer, &request)
            .await
            .unwrap();
        request.after = list.page.items.last().map(|row| row.id.clone());
        ids.extend(list.page.items.iter().map(|row| row.id.to_string()));
        mores.push(list.page.has_more);
        if !list.page.has_more {
            return (ids, mores, list.total);
        }
    }
}

fn named(numbers: &[i64]) -> Vec<String> {
    numbers
        .iter()
        .map(|&number| conversation(number).to_string())
        .collect()
}

#[tokio::test]
async fn conversations_are_paged_from_either_end_within_their_owner() {
    let (pool, _database) = database().await;
    eight_conversations(&pool).await;
    let reads = folded(&pool).await;

    let up = walk(&reads, None, Order::OldestFirst).await;
    assert_eq!(
        up,
        (named(&[0, 1, 2, 3, 4, 5, 6]), vec![true, true, false], 7)
    );
    let down = walk(&reads, None, Order::NewestFirst).await;
    assert_eq!(down.0, named(&[6, 5, 4, 3, 2, 1, 0]));
    let of_web = walk(&reads, Some("web"), Order::OldestFirst).await;
    assert_eq!((of_web.0, of_web.2), (named(&[0, 2, 4, 6]), 4));
}

#[tokio::test]
async fn a_cursor_from_elsewhere_is_refused() {
    let (pool, _database) = database().await;
    eight_conversations(&pool).await;
    let reads = folded(&pool).await;
    let ann = owner("ann");
    for strange in [conversation(99), conversation(7)] {
        let request = PageRequest {
            after: Some(strange),
            limit: 3,
            order: Order::OldestFirst,
        };
        let refused = reads.conversations.list(&ann, None, &request).await;
        assert!(matches!(refused, Err(ListError::UnknownCursor(_))));
    }
    let strange = ItemId::parse("msg_99").unwrap();
    let request = PageRequest {
        after: Some(strange),
        limit: 3,
        order: Order::OldestFirst,
    };
    let refused = reads
        .conversations
        .list_items(&ann, &conversation(0), &request)
        .await;
    assert!(matches!(refused, Err(ListError::UnknownCursor(_))));
    let foreign = reads
        .conversations
        .list_items(&ann, &conversation(7), &request)
        .await;
    assert_eq!(foreign.unwrap(), None);
}

#[tokio::test]
async fn items_are_paged_and_found_as_they_were_added() {
    let (pool, _database) = database().await;
    eight_conversations(&pool).await;
    let items: Vec<Item> = (0..5)
        .map(|n| {
            let id = ItemId::parse(&format!("msg_{n}")).unwrap();
            Item::message(
                id,
                Role::User,
                vec![ContentPart::input(format!("word {n}"))],
            )
        })
        .collect();
    let appended = ConversationEvent::ItemsAppended {
        items: items.clone(),
        response: None,
        at: minute(9),
    };
    let mut connection = pool.acquire().await.unwrap();
    append::<Conversation>(&mut connection, "conv_0", 2, &appended).await;
    let reads = folded(&pool).await;
    let (ann, bob) = (owner("ann"), owner("bob"));

    let mut request = PageRequest {
        after: None,
        limit: 2,
        order: Order::NewestFirst,
    };
    let page = reads
        .conversations
        .list_items(&ann, &conversation(0), &request)
        .await;
    let page = page.unwrap().unwrap();
    let numbers: Vec<i64> = page.items.iter().map(|item| item.sequence_number).collect();
    assert_eq!((numbers, page.has_more), (vec![5, 4], true));
    request.after = Some(items[1].id.clone());
    let page = reads
        .conversations
        .list_items(&ann, &conversation(0), &request)
        .await;
    let page = page.unwrap().unwrap();
    assert_eq!((page.items.len(), page.has_more), (1, false));
    assert_eq!(page.items[0].body.read::<Item>().unwrap(), items[0]);

    let found = reads
        .conversations
        .find_item(&ann, &conversation(0), &items[3].id)
        .await;
    assert_eq!(found.unwrap().unwrap().sequence_number, 4);
    let foreign = reads
        .conversations
        .find_item(&bob, &conversation(0), &items[3].id)
        .await;
    assert_eq!(foreign.unwrap(), None);
}

/// Seven items of 7 MiB each: a page ends early, and the next ones ask for less.
#[tokio::test]
async fn large_events_are_folded_in_small_pages() {
    let (pool, _database) = database().await;
    eight_conversations(&pool).await;
    let mut connection = pool.acquire().await.unwrap();
    for number in 0..7 {
        let id = ItemId::parse(&format!("msg_{number}")).unwrap();
        let picture = ContentPart::input("x".repeat(7 * 1024 * 1024));
        let appended = ConversationEvent::ItemsAppended {
            items: vec![Item::message(id, Role::User, vec![picture])],
            response: None,
            at: minute(9),
        };
        append::<Conversation>(&mut connection, "conv_0", number + 2, &appended).await;
    }
    let reads = folded(&pool).await;
    let request = PageRequest {
        after: None,
        limit: 100,
        order: Order::OldestFirst,
    };
    let page = reads
        .conversations
        .list_items(&owner("ann"), &conversation(0), &request)
        .await;
    let items = page.unwrap().unwrap().items;
    let numbers: Vec<i64> = items.iter().map(|item| item.sequence_number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
    let tail = EventTail::new(pool.clone());
    let followed = tail.follow(0, EventFilter::default()).take(15);
    let events: Vec<_> = followed.collect().await;
    assert!(events.iter().all(Result::is_ok));
}
