//! Whatever happened, in whatever pages it is folded: the read models hold what a naive reading of
//! each stream says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jan_domain::Owner;
use jan_domain::account::Account;
use jan_domain::conversation::Conversation;
use jan_domain::document::Document;
use jan_domain::id::{
    AccountId, ConversationId, DocumentId, MediaId, ResponseId, SessionId, TenantId,
};
use jan_domain::media::Media;
use jan_domain::response::{Ending, Response, ResponseEvent, Retention};
use jan_projections::{Order, PageRequest, ReadModels, ResponseStatus, Tuning, UsageRow};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sqlx::PgPool;
use tokio::runtime::Runtime;

use super::database::database;
use super::dice::Dice;
use super::log::{Node, append_raw};
use super::world::{Life, Roll, STREAMS, World, appended, call, closes, days};

type Verdict = Result<(), TestCaseError>;

pub(super) fn rolls() -> impl Strategy<Value = Vec<Roll>> {
    vec((0..5_u8, 0..STREAMS, 0..10_u8, any::<u8>()), 1..160)
}

#[test]
fn the_read_models_equal_a_naive_fold_for_any_history_and_page_size() {
    static CASES: AtomicU64 = AtomicU64::new(0);
    let runtime = Runtime::new().unwrap();
    let (pool, _database) = runtime.block_on(database());
    let config = Config {
        cases: 20,
        failure_persistence: None,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&(rolls(), 1..9_u32, any::<u64>()), |input| {
        let (rolls, page_events_max, seed) = input;
        let world = World::after(CASES.fetch_add(1, Ordering::Relaxed), &rolls);
        runtime.block_on(async {
            let reads = project(&pool, &world, page_events_max, Dice::new(seed)).await;
            compare(&reads, &world).await?;
            let parked: i64 = sqlx::query_scalar("select count(*) from parked_events")
                .fetch_one(&pool)
                .await
                .unwrap();
            prop_assert_eq!(parked, 0);
            Ok(())
        })
    });
    tried.unwrap();
}

/// Appends the world's history in random transactions while a node folds it.
pub(super) async fn project(
    pool: &PgPool,
    world: &World,
    page_events_max: u32,
    mut dice: Dice,
) -> ReadModels {
    let tuning = Tuning {
        page_events_max,
        pace: Duration::from_micros(dice.roll(3_000)),
        ..Tuning::default()
    };
    let node = Node::tuned(pool, "one", tuning);
    let mut rest = world.log.as_slice();
    while !rest.is_empty() {
        let most = usize::try_from(1 + dice.roll(6)).unwrap();
        let (now, later) = rest.split_at(most.min(rest.len()));
        let mut transaction = pool.begin().await.unwrap();
        for event in now {
            let stream = (event.aggregate_type, event.id.as_str(), event.sequence);
            append_raw(
                &mut transaction,
                stream,
                (&event.event_type, "1.0"),
                &event.payload,
            )
            .await;
        }
        transaction.commit().await.unwrap();
        node.appended.notify_one();
        dice.pause(2_000).await;
        rest = later;
    }
    node.settle().await;
    let reads = node.running.read_models();
    node.stop().await;
    reads
}

pub(super) async fn compare(reads: &ReadModels, world: &World) -> Verdict {
    for index in 0..STREAMS {
        compare_conversation(reads, world, index).await?;
        compare_response(reads, world, index).await?;
        compare_account(reads, world, index).await?;
        compare_document(reads, world, index).await?;
        compare_media(reads, world, index).await?;
    }
    for index in 0..2 {
        compare_lists(reads, world, index).await?;
        compare_usage(reads, world, index).await?;
    }
    Ok(())
}

async fn compare_conversation(reads: &ReadModels, world: &World, index: usize) -> Verdict {
    let Life { id, state, events } = &world.conversations[index];
    let (owner, id) = (world.owner(index), ConversationId::parse(id).unwrap());
    let row = reads.conversations.find(&owner, &id).await.unwrap();
    let foreign = reads
        .conversations
        .find(&world.owner(index + 1), &id)
        .await
        .unwrap();
    prop_assert!(foreign.is_none());
    let Conversation::Live(live) = state else {
        prop_assert!(row.is_none());
        return Ok(());
    };
    let row = row.unwrap();
    prop_assert_eq!(&row.title, &live.title);
    prop_assert_eq!(&row.metadata, &live.metadata);
    prop_assert_eq!(&row.referrer, &live.referrer);
    prop_assert_eq!(Some(row.created_at), events.first().map(|(_, at)| *at));
    prop_assert_eq!(Some(row.updated_at), events.last().map(|(_, at)| *at));

    let added = events
        .iter()
        .flat_map(|(event, at)| appended(event).iter().map(move |i| (i, at)));
    let expected: Vec<_> = (1..)
        .zip(added)
        .filter(|(_, (item, _))| live.items.iter().any(|kept| kept.id == item.id))
        .map(|(number, (item, at))| (number, serde_json::to_string(item).unwrap(), *at))
        .collect();
    let mut seen = Vec::new();
    let mut request = PageRequest {
        after: None,
        limit: 3,
        order: Order::OldestFirst,
    };
    loop {
        let page = reads
            .conversations
            .list_items(&owner, &id, &request)
            .await
            .unwrap()
            .unwrap();
        request.after = page.items.last().map(|item| item.id.clone());
        let rows = page.items.into_iter();
        seen.extend(rows.map(|i| (i.sequence_number, i.body.text().to_owned(), i.created_at)));
        if !page.has_more {
            break;
        }
    }
    prop_assert_eq!(seen, expected);
    Ok(())
}

async fn compare_response(reads: &ReadModels, world: &World, index: usize) -> Verdict {
    let Life { id, state, events } = &world.responses[index];
    let (owner, id) = (world.owner(index), ResponseId::parse(id).unwrap());
    let row = reads.responses.find_stored(&owner, &id).await.unwrap();
    let (open, ending) = match state {
        Response::Open(open) => (open, None),
        Response::Closed { call, ending, .. } => (call, Some(ending)),
        Response::NotRequested | Response::Deleted { .. } => {
            prop_assert!(row.is_none());
            return Ok(());
        }
    };
    if open.retention != Retention::Stored {
        prop_assert!(row.is_none());
        return Ok(());
    }
    let row = row.unwrap();
    let (status, answer, usage) = match ending {
        None => (ResponseStatus::InProgress, None, None),
        Some(Ending::Completed { answer, usage }) => {
            (ResponseStatus::Completed, Some(answer), Some(*usage))
        }
        Some(Ending::Incomplete { answer, usage, .. }) => {
            (ResponseStatus::Incomplete, Some(answer), Some(*usage))
        }
        Some(Ending::Failed { .. }) => (ResponseStatus::Failed, partial(events), None),
        Some(Ending::Cancelled { answer, usage }) => {
            (ResponseStatus::Cancelled, Some(answer), Some(*usage))
        }
    };
    prop_assert_eq!(row.status, status);
    prop_assert_eq!(row.answer.as_ref(), answer);
    prop_assert_eq!(row.usage, usage);
    prop_assert_eq!(row.metadata, open.metadata.clone());
    prop_assert_eq!(row.created_at, open.requested_at);
    let asked = events.first().and_then(|(event, _)| call(event)).unwrap();
    prop_assert_eq!(row.request.as_ref(), Some(&asked.request));
    prop_assert_eq!(row.conversation.as_ref(), asked.conversation.as_ref());
    prop_assert_eq!(&row.model, &asked.model);
    Ok(())
}

fn partial(
    events: &[(ResponseEvent, chrono::DateTime<chrono::Utc>)],
) -> Option<&jan_domain::response::Answer> {
    events.iter().find_map(|(event, _)| match event {
        ResponseEvent::Failed { partial, .. } => partial.as_ref(),
        _ => None,
    })
}

async fn compare_document(reads: &ReadModels, world: &World, index: usize) -> Verdict {
    let Life { id, state, .. } = &world.documents[index];
    let id = DocumentId::parse(id).unwrap();
    // Whoever indexes it first keeps it, so the life knows whose it is.
    let Document::Kept(kept) = state else {
        let row = reads
            .documents
            .find(&world.owner(index), &id)
            .await
            .unwrap();
        prop_assert!(row.is_none());
        return Ok(());
    };
    let foreign = reads.documents.find(&world.owner(index + 1), &id).await;
    prop_assert!(foreign.unwrap().is_none());
    let row = reads.documents.find(&kept.owner, &id).await.unwrap();
    let row = row.unwrap();
    prop_assert_eq!(&row.name, kept.name.as_str());
    prop_assert_eq!(&row.metadata, &kept.content.metadata);
    prop_assert_eq!(
        row.tags,
        kept.content.tags.iter().cloned().collect::<Vec<_>>()
    );
    prop_assert_eq!(
        usize::try_from(row.text_bytes).unwrap(),
        kept.content.text.len()
    );
    prop_assert_eq!(row.indexed_at, kept.indexed_at);
    Ok(())
}

async fn compare_media(reads: &ReadModels, world: &World, index: usize) -> Verdict {
    let Life { id, state, .. } = &world.media[index];
    let id = MediaId::parse(id).unwrap();
    let Media::Kept(kept) = state else {
        let row = reads.media.find(&world.owner(index), &id).await.unwrap();
        prop_assert!(row.is_none());
        return Ok(());
    };
    let foreign = reads.media.find(&world.owner(index + 1), &id).await;
    prop_assert!(foreign.unwrap().is_none());
    let row = reads.media.find(&kept.owner, &id).await.unwrap().unwrap();
    prop_assert_eq!(row.file_name.as_deref(), kept.label.name());
    prop_assert_eq!(&row.purpose, kept.label.purpose.as_str());
    prop_assert_eq!(&row.media_type, &kept.content.media_type);
    prop_assert_eq!(row.bytes.unsigned_abs(), kept.content.bytes);
    prop_assert_eq!(&row.sha256, kept.content.sha256.as_str());
    prop_assert_eq!(row.expires_at, kept.retain_until);
    Ok(())
}

async fn compare_account(reads: &ReadModels, world: &World, index: usize) -> Verdict {
    let Life { id, state, events } = &world.accounts[index];
    let session = SessionId::parse(&id.replace("user_", "sess_")).unwrap();
    let owner = Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(id).unwrap(),
    };
    let closed = reads
        .accounts
        .session_is_closed(&owner, &session)
        .await
        .unwrap();
    prop_assert_eq!(closed, events.iter().any(|(event, _)| closes(event)));
    if let Account::Live(live) = state {
        let row = reads.accounts.find(&live.owner).await.unwrap().unwrap();
        prop_assert_eq!(&row.username, &live.username);
        prop_assert_eq!(row.kind, live.kind);
    }
    Ok(())
}

async fn compare_lists(reads: &ReadModels, world: &World, index: usize) -> Verdict {
    let owner = world.owner(index);
    let request = PageRequest {
        after: None,
        limit: 100,
        order: Order::NewestFirst,
    };
    let list = reads
        .conversations
        .list(&owner, None, &request)
        .await
        .unwrap();
    let mut expected: Vec<_> = (index..STREAMS)
        .step_by(2)
        .map(|index| &world.conversations[index])
        .filter(|life| matches!(life.state, Conversation::Live(_)))
        .map(|life| (life.events[0].1, life.id.clone()))
        .collect();
    expected.sort();
    expected.reverse();
    let seen: Vec<_> = list
        .page
        .items
        .iter()
        .map(|row| (row.created_at, row.id.to_string()))
        .collect();
    prop_assert_eq!(list.total, i64::try_from(expected.len()).unwrap());
    prop_assert_eq!(seen, expected);
    Ok(())
}

async fn compare_usage(reads: &ReadModels, world: &World, index: usize) -> Verdict {
    let (from, to) = days();
    let seen = reads
        .usage
        .totals(&world.owner(index), from, to)
        .await
        .unwrap();
    let mut expected: BTreeMap<String, UsageRow> = BTreeMap::new();
    for index in (index..STREAMS).step_by(2) {
        let events = &world.responses[index].events;
        let Some(asked) = events.first().and_then(|(event, _)| call(event)) else {
            continue;
        };
        let row = expected
            .entry(asked.model.clone())
            .or_insert_with(|| unused(&asked.model));
        for (event, _) in events {
            count(row, event);
        }
    }
    prop_assert_eq!(seen, expected.into_values().collect::<Vec<_>>());
    Ok(())
}

fn unused(model: &str) -> UsageRow {
    UsageRow {
        model: model.to_owned(),
        requests: 0,
        completed: 0,
        incomplete: 0,
        failed: 0,
        input_tokens: 0,
        cached_tokens: 0,
        output_tokens: 0,
        reasoning_tokens: 0,
    }
}

fn count(row: &mut UsageRow, event: &ResponseEvent) {
    let usage = match event {
        ResponseEvent::Requested { .. } => {
            row.requests += 1;
            return;
        }
        ResponseEvent::Completed { usage, .. } => {
            row.completed += 1;
            usage
        }
        ResponseEvent::Incomplete { usage, .. } => {
            row.incomplete += 1;
            usage
        }
        ResponseEvent::Failed { .. } => {
            row.failed += 1;
            return;
        }
        _ => return,
    };
    row.input_tokens += usage.input_tokens.cast_signed();
    row.cached_tokens += usage.cached_tokens.cast_signed();
    row.output_tokens += usage.output_tokens.cast_signed();
    row.reasoning_tokens += usage.reasoning_tokens.cast_signed();
}
