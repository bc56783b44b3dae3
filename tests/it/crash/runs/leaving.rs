//! A process loses a run while it lives: it is asked to end, the run is cancelled elsewhere, or it was
//! paused and another one has taken the run up.

use std::time::Duration;

use jan_tests::given::{MODEL, with};
use jan_tests::heard::Heard;
use jan_tests::remote::Remote;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::task::TaskTracker;

use super::scene::{RESPONSES, Scene};
use crate::crash::truth::comes_true;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// A run is to stop within a second; the rest is for a busy machine.
const AT_ONCE: Duration = Duration::from_millis(2500);

/// A run in the background that talks for a while.
fn counting(to: u32) -> Value {
    json!({"model": MODEL, "input": format!("count to {to} [frame_ms=50]"), "stream": true,
        "background": true})
}

/// Hears a stream to where it ends or breaks off.
async fn listen(person: Remote, body: Value) -> Heard {
    let mut heard = Heard::default();
    let _broken_off = person.hear(&body, None, &mut heard).await;
    heard
}

/// The one run on record, once there is one.
async fn begun(scene: &Scene) -> String {
    let found = async {
        loop {
            match scene.find("frame_ms").await {
                Some(id) => break id,
                None => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    timeout(PATIENCE, found).await.expect("a run begins")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_asked_to_end_hands_its_runs_over() {
    let (scene, survivor) = Scene::set().await;
    let ending = scene.deployment.start().await;
    let person = scene.person.at(&ending.remote());
    let people = TaskTracker::new();
    let hearing = people.spawn(listen(person, counting(80)));
    timeout(PATIENCE, scene.model.until_in_flight(1))
        .await
        .unwrap();
    let id = begun(&scene).await;
    let asked = Instant::now();
    assert!(ending.stop().await.success());
    assert!(asked.elapsed() < AT_ONCE, "it took {:?}", asked.elapsed());

    // The reader is let go, and hears the rest elsewhere.
    let before = hearing.await.unwrap();
    assert!(before.ending().is_none(), "{:#?}", before.told());
    let mut rest = Heard::default();
    let person = scene.person.at(&survivor.remote());
    let heard = person
        .hear_again(&id, before.last_number(), &mut rest)
        .await;
    heard.unwrap();
    let all = rest.after(&before);
    assert_eq!(all.faults(), [""; 0], "{:#?}", all.told());
    assert_eq!(all.ending().unwrap()["status"], "completed");
    comes_true(&scene.pool).await;
}

/// The call that may be under way when the process ends is waited for, so that nobody has to wonder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_asked_to_end_leaves_no_call_in_doubt() {
    let (mut scene, survivor) = Scene::set().await;
    let ending = scene.deployment.start().await;
    let manner = super::scene::Manner {
        background: true,
        tool: Some("charge"),
        converses: false,
    };
    let people = TaskTracker::new();
    let mut marks = Vec::new();
    for _ in 0..8 {
        let (mark, body) = scene.run(manner);
        people.spawn(listen(scene.person.at(&ending.remote()), body));
        marks.push(mark);
    }
    timeout(PATIENCE, scene.tools.ledger().until_called(1))
        .await
        .unwrap();
    assert!(ending.stop().await.success());
    comes_true(&scene.pool).await;
    for mark in marks {
        let Some(id) = scene.find(&mark).await else {
            continue;
        };
        assert_eq!(scene.ending(&id).await.0, "ResponseCompleted", "{id}");
        assert_eq!(scene.calls(&mark), (1, 1, 1), "{id}");
        scene.heard_at(&survivor, &id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cancelled_on_another_node_stops_at_once() {
    let (scene, other) = Scene::set().await;
    let carrying = scene.deployment.start().await;
    let person = scene.person.at(&carrying.remote());
    let people = TaskTracker::new();
    let hearing = people.spawn(listen(person.clone(), counting(400)));
    timeout(PATIENCE, scene.model.until_in_flight(1))
        .await
        .unwrap();
    let id = begun(&scene).await;
    let path = format!("{RESPONSES}/{id}/cancel");
    let cancelled = person.at(&other.remote()).post(&path, &Value::Null).await;
    let cancelled = cancelled.unwrap();
    assert_eq!(cancelled.body["status"], "cancelled", "{cancelled:?}");
    let stopped = timeout(AT_ONCE, scene.model.until_cancelled(1)).await;
    stopped.expect("the model is stopped within a second");
    let heard = timeout(PATIENCE, hearing).await.unwrap().unwrap();
    assert_eq!(heard.faults(), [""; 0], "{:#?}", heard.told());
    assert_eq!(scene.heard_at(&other, &id).await.told(), heard.told());
    comes_true(&scene.pool).await;
}

/// It stops what it has lost, and its readers hear what the others tell.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_process_lets_go_of_runs_that_were_taken_up_meanwhile() {
    let (scene, other) = Scene::set().await;
    let zombie = scene.deployment.start().await;
    let person = scene.person.at(&zombie.remote());
    let people = TaskTracker::new();
    let body = with(counting(120), json!({"metadata": {"of": "zombie"}}));
    let hearing = people.spawn(listen(person, body));
    timeout(PATIENCE, scene.model.until_in_flight(1))
        .await
        .unwrap();
    let id = begun(&scene).await;
    zombie.pause();
    let taken_up = timeout(PATIENCE, scene.model.until_in_flight(2)).await;
    taken_up.expect("the other one takes it up");
    zombie.resume();
    let stopped = timeout(AT_ONCE, scene.model.until_cancelled(1)).await;
    stopped.expect("the zombie lets go of it within a second");
    let heard = timeout(PATIENCE, hearing).await.unwrap().unwrap();
    assert_eq!(heard.faults(), [""; 0], "{:#?}", heard.told());
    assert_eq!(heard.ending().unwrap()["status"], "completed");
    assert_eq!(scene.heard_at(&other, &id).await.told(), heard.told());
    comes_true(&scene.pool).await;
}
