//! What readers promise beyond holding the right rows: pages, cursors, filters, owners.

use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use jan_domain::conversation::{Conversation, ConversationEvent};
use jan_domain::id::{ConversationId, ItemId, NodeId, ResponseId};
use jan_domain::item::{ContentPart, Item, Role};
use jan_domain::ports::OpenResponses;
use jan_domain::response::{
    Answer, PlannedStep, RequestedCall, Response, ResponseEvent, Retention, Surface, Timing, Usage,
};
use jan_domain::{Json, UserMetadata};
use jan_projections::{
    EventFilter, EventTail, ListError, Order, PageRequest, ReadModels, ResponseFilter, RunCounts,
};
use sqlx::PgPool;

use super::database::database;
use super::log::{Node, append, append_raw, owner};

fn minute(number: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(number)
}

fn conversation(number: i64) -> ConversationId {
    ConversationId::parse(&format!("conv_{number}")).unwrap()
}

fn response(number: i64) -> ResponseId {
    ResponseId::parse(&format!("chatcmpl-{number}")).unwrap()
}

async fn folded(pool: &PgPool) -> ReadModels {
    let node = Node::start(pool, "one");
    node.settle().await;
    let reads = node.running.read_models();
    node.stop().await;
    reads
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
    let request = PageRequest {
        after: Some(response(1)),
        limit: 3,
        order: Order::OldestFirst,
    };
    let refused = reads
        .responses
        .list_stored(&ann, &ResponseFilter::default(), &request)
        .await;
    assert!(matches!(refused, Err(ListError::UnknownCursor(_))));
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

fn requested(number: i64, retention: Retention) -> ResponseEvent {
    let pair = ("parity".to_owned(), (number % 2).to_string());
    let call = RequestedCall {
        owner: owner("ann"),
        surface: Surface::ChatCompletions,
        model: format!("model-{}", number % 3),
        request: Json::of("asked"),
        stream: false,
        retention,
        conversation: None,
        metadata: UserMetadata::parse([pair].into()).unwrap(),
        node: NodeId::parse(&format!("node_{}", number % 2)).unwrap(),
        step: PlannedStep::inference(&response(number), 0, "local", "m", b""),
    };
    ResponseEvent::Requested {
        call: Box::new(call),
        at: minute(number),
    }
}

fn completed(number: i64) -> ResponseEvent {
    ResponseEvent::Completed {
        answer: Answer {
            provider_id: None,
            model: "m".to_owned(),
            body: Json::of("said"),
            system_fingerprint: None,
            service_tier: None,
        },
        usage: Usage::default(),
        timing: Timing::default(),
        at: minute(number),
    }
}

/// Twelve calls, a minute apart: 0 to 5 stored and completed, 6 only recorded, 7 to 11 open.
async fn twelve_responses(pool: &PgPool) {
    let mut connection = pool.acquire().await.unwrap();
    for number in 0..12 {
        let id = response(number);
        let retention = if number == 6 {
            Retention::Recorded
        } else {
            Retention::Stored
        };
        let event = requested(number, retention);
        append::<Response>(&mut connection, id.as_str(), 1, &event).await;
        if number < 7 {
            append::<Response>(&mut connection, id.as_str(), 2, &completed(number)).await;
        }
    }
}

#[tokio::test]
async fn stored_responses_are_filtered_by_model_and_pairs() {
    let (pool, _database) = database().await;
    twelve_responses(&pool).await;
    let reads = folded(&pool).await;
    let ann = owner("ann");
    let request = PageRequest {
        after: None,
        limit: 100,
        order: Order::OldestFirst,
    };
    let ids = async |filter: ResponseFilter| -> Vec<String> {
        let page = reads
            .responses
            .list_stored(&ann, &filter, &request)
            .await
            .unwrap();
        page.items
            .into_iter()
            .map(|row| row.id.to_string())
            .collect()
    };
    let named = |numbers: &[i64]| -> Vec<String> {
        numbers
            .iter()
            .map(|&number| response(number).to_string())
            .collect()
    };
    assert_eq!(
        ids(ResponseFilter::default()).await,
        named(&[0, 1, 2, 3, 4, 5])
    );
    let odd = UserMetadata::parse([("parity".to_owned(), "1".to_owned())].into()).unwrap();
    let filter = ResponseFilter {
        model: None,
        metadata: odd.clone(),
    };
    assert_eq!(ids(filter).await, named(&[1, 3, 5]));
    let filter = ResponseFilter {
        model: Some("model-0".to_owned()),
        metadata: odd,
    };
    assert_eq!(ids(filter).await, named(&[3]));
    let request = PageRequest {
        after: Some(response(3)),
        limit: 2,
        order: Order::NewestFirst,
    };
    let page = reads
        .responses
        .list_stored(&ann, &ResponseFilter::default(), &request)
        .await;
    let page = page.unwrap();
    assert_eq!(
        (page.items[0].id.clone(), page.items.len(), page.has_more),
        (response(2), 2, true)
    );
    let bob = reads
        .responses
        .find_stored(&owner("bob"), &response(0))
        .await
        .unwrap();
    assert_eq!(bob, None);
    let counts = RunCounts {
        in_progress: 5,
        completed: 7,
        incomplete: 0,
        failed: 0,
    };
    assert_eq!(reads.usage.count_runs().await.unwrap(), counts);
}

#[tokio::test]
async fn open_responses_of_dead_nodes_are_found_oldest_first() {
    let (pool, _database) = database().await;
    twelve_responses(&pool).await;
    let reads = folded(&pool).await;
    let living = [NodeId::parse("node_0").unwrap()];
    let abandoned = reads.responses.abandoned(&living, 2).await.unwrap();
    assert_eq!(abandoned, [response(7), response(9)]);
    let all = reads.responses.abandoned(&[], 100).await.unwrap();
    assert_eq!(all.len(), 5);
}

#[tokio::test]
async fn the_event_log_is_read_by_stream_by_type_and_by_trace() {
    let (pool, _database) = database().await;
    twelve_responses(&pool).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let mut connection = pool.acquire().await.unwrap();
    append_raw(
        &mut connection,
        ("response", "chatcmpl-x", 1),
        ("Odd", "1.0"),
        "{}",
    )
    .await;
    let sql = r"
        insert into events
               (aggregate_type, aggregate_id, sequence, event_type, event_version, payload,
                metadata)
        values ('response', 'chatcmpl-x', 2, 'Odd', '1.0', '{}',
                json_build_object('tenant_id', 'default', 'traceparent', $1::text))";
    let traceparent = format!("00-{trace}-b7ad6b7169203331-01");
    sqlx::query(sql)
        .bind(traceparent)
        .execute(&mut *connection)
        .await
        .unwrap();

    let tail = EventTail::new(pool.clone());
    let stream = tail.stream("chatcmpl-0").await.unwrap();
    let types: Vec<&str> = stream
        .iter()
        .map(|event| event.event_type.as_str())
        .collect();
    assert_eq!(types, ["ResponseRequested", "ResponseCompleted"]);
    let filter = EventFilter {
        event_type: Some("ResponseCompleted".to_owned()),
        aggregate_id: None,
    };
    let last = tail.last(3, &filter).await.unwrap();
    let streams: Vec<&str> = last
        .iter()
        .map(|event| event.aggregate_id.as_str())
        .collect();
    assert_eq!(streams, ["chatcmpl-4", "chatcmpl-5", "chatcmpl-6"]);
    let traced = tail.of_trace(trace).await.unwrap();
    assert_eq!((traced.len(), traced[0].sequence), (1, 2));
    let followed: Vec<_> = tail.follow(0, filter).take(7).collect().await;
    assert_eq!(followed.len(), 7);
}
