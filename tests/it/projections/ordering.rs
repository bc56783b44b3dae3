//! Ten writers commit out of order and roll back; a naive reader must lose events, or the test
//! could not see the fault it is for, and the feed must not.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use futures::StreamExt;
use jan_projections::{EventFilter, EventTail};
use sqlx::PgPool;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::database::database;
use super::dice::Dice;
use super::log::append_raw;

const WRITERS: u64 = 10;
const DURATION: Duration = Duration::from_secs(6);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_feed_loses_nothing_where_a_naive_reader_does() {
    let (pool, _database) = database().await;
    let done = CancellationToken::new();
    let readers = TaskTracker::new();
    let naive = readers.spawn(read_naively(pool.clone(), done.clone()));
    let (feed, mut feed_positions) = unbounded_channel();
    let follower = readers.spawn(follow(pool.clone(), feed));

    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        writers.spawn(write(pool.clone(), writer));
    }
    writers.join_all().await;
    sleep(Duration::from_millis(100)).await;
    done.cancel();

    let written: Vec<i64> = sqlx::query_scalar("select position from events order by position")
        .fetch_all(&pool)
        .await
        .unwrap();
    let seen_naively = naive.await.unwrap();
    let lost = written
        .iter()
        .filter(|position| !seen_naively.contains(position));
    assert!(
        lost.count() > 0,
        "the planted reader saw all of {} events",
        written.len()
    );

    let mut seen = Vec::new();
    while seen.last() != written.last() {
        let next = timeout(Duration::from_secs(5), feed_positions.recv()).await;
        seen.push(next.expect("the feed goes on").unwrap());
    }
    assert_eq!(seen, written);
    follower.abort();
}

async fn write(pool: PgPool, writer: u64) {
    let mut dice = Dice::new(writer + 1);
    let until = Instant::now() + DURATION;
    let mut number = 0;
    while Instant::now() < until {
        let mut transaction = pool.begin().await.unwrap();
        for _ in 0..=dice.roll(4) {
            number += 1;
            let stream = format!("conv_{writer}_{number}");
            let stream = ("conversation", stream.as_str(), 1);
            append_raw(&mut transaction, stream, ("Fuzzed", "1.0"), "{}").await;
            dice.pause(4_000).await;
        }
        if dice.roll(100) < 15 {
            transaction.rollback().await.unwrap();
        } else {
            transaction.commit().await.unwrap();
        }
        dice.pause(2_000).await;
    }
}

async fn read_naively(pool: PgPool, done: CancellationToken) -> BTreeSet<i64> {
    let mut seen = BTreeSet::new();
    while !done.is_cancelled() {
        let last = seen.last().copied().unwrap_or(0);
        let sql = "select position from events where position > $1 order by position";
        let news: Vec<i64> = sqlx::query_scalar(sql)
            .bind(last)
            .fetch_all(&pool)
            .await
            .unwrap();
        seen.extend(news);
        sleep(Duration::from_millis(2)).await;
    }
    seen
}

async fn follow(pool: PgPool, positions: UnboundedSender<i64>) {
    let events = EventTail::new(pool).follow(0, EventFilter::default());
    let mut events = pin!(events);
    while let Some(event) = events.next().await {
        positions.send(event.unwrap().position).unwrap();
    }
}
