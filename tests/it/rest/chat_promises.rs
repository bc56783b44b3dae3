//! What is told when: nothing before the question is on record, the end after the answer is, and
//! every word in between at once.

use std::time::Duration;

use jan_tests::app::App;
use jan_tests::given::streamed;
use sqlx::Connection as _;

use super::{CHAT, kinds_of, text_of};

#[tokio::test]
async fn nothing_is_answered_before_the_question_is_on_record() {
    let app = App::start().await;
    let live = app.live().await;
    let mut session = app.pool().acquire().await.unwrap();
    let mut lock = session.begin().await.unwrap();
    sqlx::query("lock table events in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    let body = streamed("reply exactly hi");
    let answer = live.post(CHAT, &body);
    tokio::pin!(answer);
    let early = tokio::time::timeout(Duration::from_millis(400), &mut answer).await;
    assert!(early.is_err(), "answered before the intent was durable");
    assert_eq!(
        app.model().requests().len(),
        1,
        "the provider is asked meanwhile"
    );
    lock.rollback().await.unwrap();
    let answer = answer.await;
    assert_eq!(answer.status(), 200);
    assert_eq!(text_of(&answer.rest().await, 0), "hi");
}

#[tokio::test]
async fn the_end_of_an_answer_is_held_back_until_it_is_on_record() {
    let app = App::start().await;
    let live = app.live().await;
    let mut answer = live
        .post(CHAT, &streamed("[frame_ms=100] count to 5"))
        .await;
    assert_eq!(answer.next_words().await.as_deref(), Some("1"));
    let mut session = app.pool().acquire().await.unwrap();
    let mut lock = session.begin().await.unwrap();
    sqlx::query("lock table events in exclusive mode")
        .execute(&mut *lock)
        .await
        .unwrap();
    for word in [" 2", " 3", " 4", " 5"] {
        assert_eq!(answer.next_words().await.as_deref(), Some(word));
    }
    let early = tokio::time::timeout(Duration::from_millis(400), answer.next()).await;
    assert!(
        early.is_err(),
        "the end was told before it was on record: {early:?}"
    );
    lock.rollback().await.unwrap();
    let end = answer.next().await.unwrap();
    assert_eq!(end["choices"][0]["finish_reason"], "stop");
    let recorded = app.events_of(end["id"].as_str().unwrap()).await;
    assert_eq!(
        kinds_of(&recorded),
        ["ResponseRequested", "ResponseCompleted"]
    );
}

#[tokio::test]
async fn words_reach_the_client_when_they_are_said() {
    let app = App::start().await;
    let live = app.live().await;
    let mut answer = live
        .post(CHAT, &streamed("[frame_ms=1000] count to 3"))
        .await;
    answer.next_words().await.unwrap();
    let first = tokio::time::Instant::now();
    answer.next_words().await.unwrap();
    let apart = first.elapsed();
    assert!(
        apart > Duration::from_millis(200),
        "frames were gathered: {apart:?}"
    );
    answer.rest().await;
}
