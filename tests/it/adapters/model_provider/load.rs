//! Many calls at once.

use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use jan_domain::ports::{ChatAnswer, Frame};
use jan_tests::contract::model_provider::call;
use jan_tests::scripted_model::ScriptedModel;
use tokio::time::timeout;

use super::{provider, settings};

const CALLS: usize = 300;

#[tokio::test]
async fn many_streams_at_once_all_end_well() {
    let model = ScriptedModel::start().await;
    let provider = provider(&settings(model.base_url()));
    let one = async || {
        let answer = provider.chat(call("count to 20 [frame_ms=5]", true)).await;
        let Ok(ChatAnswer::Stream(frames)) = answer else {
            panic!("no stream")
        };
        frames.collect::<Vec<_>>().await.pop()
    };
    let ends = join_all((0..CALLS).map(|_| one()));
    for end in timeout(Duration::from_secs(30), ends).await.unwrap() {
        assert_eq!(end, Some(Ok(Frame::Done)));
    }
    assert_eq!(
        (model.served(), model.cancelled(), model.in_flight()),
        (CALLS, 0, 0)
    );
}

#[tokio::test]
async fn calls_that_are_dropped_leave_nothing_behind() {
    let model = ScriptedModel::start().await;
    let provider = provider(&settings(model.base_url()));
    let calls = (0..CALLS).map(|at| {
        let waiting = provider.chat(call("count to 1000 [first_token_ms=50][frame_ms=5]", true));
        let patience = Duration::from_millis(1 + at as u64 % 120);
        timeout(patience, async move {
            if let Ok(ChatAnswer::Stream(frames)) = waiting.await {
                frames.count().await;
            }
        })
    });
    let ended = join_all(calls).await;
    assert!(ended.iter().all(Result::is_err), "every call was dropped");
    timeout(Duration::from_secs(1), model.until_in_flight(0))
        .await
        .expect("all have stopped");
}
