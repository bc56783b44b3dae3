//! The past of a stream, at any version, time and position.

use cqrs_es::Aggregate as _;
use jan_commands::store::{AppenderLimits, Moment, Past};
use jan_domain::conversation::{Conversation, ConversationEvent};
use jan_domain::history::{self, Event};
use jan_tests::database::ground;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{World, append, create, metadata};
use crate::domain::conversation::commands;

/// Lives that are tried.
const LIVES: usize = 12;

/// What the log holds of a stream, read by nobody of ours.
async fn raw(
    world: &World,
    id: &str,
) -> Vec<(i64, chrono::DateTime<chrono::Utc>, ConversationEvent)> {
    let sql = "select position, recorded_at, event_type, event_version, payload::text \
                 from events where aggregate_id = $1 order by sequence";
    let rows: Vec<(i64, chrono::DateTime<chrono::Utc>, String, String, String)> =
        sqlx::query_as(sql)
            .bind(id)
            .fetch_all(&world.pool)
            .await
            .unwrap();
    let read = rows
        .into_iter()
        .map(|(position, at, kind, version, payload)| {
            let read = history::decode("conversation", &kind, &version, &payload);
            let Ok(Event::Conversation(event)) = read else {
                panic!("{read:?}")
            };
            (position, at, event)
        });
    read.collect()
}

#[tokio::test]
async fn the_past_is_the_fold_of_the_first_events_for_any_history() {
    let world = World::start(AppenderLimits::default()).await;
    let mut runner = TestRunner::deterministic();
    let mut versions = 0;
    for life in 0..LIVES {
        let id = format!("conv_{life}");
        let asked = commands().new_tree(&mut runner).unwrap().current();
        for command in asked {
            let store = world.conversations.clone();
            let id = id.clone();
            let done = ground()
                .spawn(async move { store.execute(&id, command, &metadata()).await })
                .await;
            // Wrong commands are part of a life.
            let _refused_or_not = done.unwrap();
        }
        let log = raw(&world, &id).await;
        let mut state = Conversation::default();
        compare(&world, &id, Moment::Version(0), &state, 0).await;
        for (version, (position, at, event)) in (1..).zip(&log) {
            let before = world
                .conversations
                .as_of(&id, Moment::Position(position - 1));
            assert_eq!(before.await.unwrap().then.version, version - 1);
            state.apply(event.clone());
            for moment in [Moment::Version(version), Moment::Position(*position)] {
                let past = compare(&world, &id, moment, &state, version).await;
                let last = past.last().unwrap();
                assert_eq!((last.position, last.recorded_at), (*position, *at));
                assert_eq!(&past.events.last().unwrap().1, event);
            }
            let then = world
                .conversations
                .as_of(&id, Moment::Time(*at))
                .await
                .unwrap();
            // Events of one append may share their time.
            assert!(then.then.version >= version);
            versions += 1;
        }
        let last = i64::try_from(log.len()).unwrap();
        for moment in [
            Moment::Head,
            Moment::Version(last + 5),
            Moment::Position(i64::MAX),
        ] {
            compare(&world, &id, moment, &state, last).await;
        }
        assert_eq!(world.conversations.load(&id).await.unwrap().state, state);
        assert_eq!(world.conversations.version(&id).await.unwrap(), last);
    }
    assert!(versions > LIVES, "the lives are too short to show anything");
}

async fn compare(
    world: &World,
    id: &str,
    moment: Moment,
    state: &Conversation,
    version: i64,
) -> Past<Conversation> {
    let past = world.conversations.as_of(id, moment).await.unwrap();
    assert_eq!(
        (&past.then.state, past.then.version),
        (state, version),
        "{moment:?}"
    );
    past
}

#[tokio::test]
async fn a_clock_that_was_set_back_leaves_no_gap_in_the_past() {
    let world = World::start(AppenderLimits::default()).await;
    for (sequence, hour) in [(1, 3), (2, 5), (3, 4)] {
        let payload = if sequence == 1 {
            r#"{"Created":{"owner":{"tenant":"default","account":"user_1"},"title":null,"metadata":{},"referrer":null,"at":"2026-01-01T00:00:00Z"}}"#
        } else {
            r#"{"TitleChanged":{"title":"x","at":"2026-01-01T00:00:00Z"}}"#
        };
        let sql = "insert into events (aggregate_type, aggregate_id, sequence, event_type, \
            event_version, payload, metadata, recorded_at) values ('conversation', 'conv_a', $1, \
            'x', '1.0', $2::json, '{\"tenant_id\":\"default\"}', $3::timestamptz)";
        sqlx::query(sql)
            .bind(i64::from(sequence))
            .bind(payload)
            .bind(chrono::DateTime::from_timestamp(hour * 3600, 0).unwrap())
            .execute(&world.pool)
            .await
            .unwrap();
    }
    for (hour, version) in [(2, 0), (3, 1), (4, 1), (5, 3), (9, 3)] {
        let time = chrono::DateTime::from_timestamp(hour * 3600, 0).unwrap();
        let past = world
            .conversations
            .as_of("conv_a", Moment::Time(time))
            .await;
        assert_eq!(past.unwrap().then.version, version, "{hour}");
    }
}

#[tokio::test]
async fn versions_are_listed_from_both_ends() {
    let world = World::start(AppenderLimits::default()).await;
    let store = &world.conversations;
    store.create("conv_a", create(), &metadata()).await.unwrap();
    for n in 0..5 {
        let command = append(&format!("msg_{n}"));
        store.execute("conv_a", command, &metadata()).await.unwrap();
    }
    for (after, limit, newest_first, expected) in [
        (None, 2, false, vec![1, 2]),
        (Some(2), 9, false, vec![3, 4, 5, 6]),
        (None, 2, true, vec![6, 5]),
        (Some(2), 9, true, vec![1]),
        (Some(6), 9, false, vec![]),
    ] {
        let found = store
            .versions("conv_a", after, (limit, newest_first))
            .await
            .unwrap();
        let versions: Vec<_> = found.iter().map(|record| record.version).collect();
        assert_eq!(versions, expected);
        assert!(found.iter().all(|record| record.actor == "system"));
    }
}
