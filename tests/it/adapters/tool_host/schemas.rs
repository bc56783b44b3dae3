//! Arguments and results against the schemas of their tools.

use jan_domain::ports::ToolFailure;
use jan_tests::scripted_tools::Options;
use serde_json::json;

use super::{named, settings};

#[tokio::test]
async fn arguments_that_do_not_fit_never_leave() {
    let (tools, subject) = named(Options::default(), &settings()).await;
    subject.list().await.unwrap();
    for wrong in [
        json!({"amount": "all of it"}),
        json!({"amount": 1.5}),
        json!({"amount": [1]}),
    ] {
        let told = subject.call("charge", wrong).await.unwrap();
        assert!(told.is_error && told.told().contains("/amount"), "{told:?}");
        assert!(told.told().contains("nothing was called"), "{told:?}");
    }
    assert_eq!(tools.ledger().entries().len(), 0);
    let told = subject.call("charge", json!({"amount": 1})).await.unwrap();
    assert!(!told.is_error);
    assert_eq!(tools.ledger().entries().len(), 1);
}

#[tokio::test]
async fn a_structured_result_that_breaks_its_promise_is_an_error() {
    let (_tools, subject) = named(Options::default(), &settings()).await;
    subject.list().await.unwrap();
    let kept = subject.call("add", json!({"a": 1, "b": 2})).await.unwrap();
    assert_eq!(kept.structured, Some(json!({"sum": 3.0})));
    let broken = json!({"a": 1, "b": 2, "fault": "promise"});
    let told = subject.call("add", broken).await;
    let told = told.unwrap_or_else(|failure: ToolFailure| panic!("{failure}"));
    assert!(told.is_error && told.structured.is_none(), "{told:?}");
    assert!(told.told().contains("its own schema"), "{told:?}");
}
