//! How lists are asked for and remembered.

use std::time::Duration;

use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_infra::tools::{ToolLimits, ToolSettings};
use jan_tests::contract::tool_host::listing;
use jan_tests::scripted_tools::Options;

use super::{named, settings};

#[tokio::test]
async fn a_list_of_several_pages_is_whole() {
    let options = Options {
        page_size: Some(3),
        ..Options::default()
    };
    let (tools, subject) = named(options, &settings()).await;
    let names: Vec<_> = subject
        .list()
        .await
        .unwrap()
        .into_iter()
        .map(|offer| offer.name)
        .collect();
    assert_eq!(
        names,
        ["echo", "add", "note", "charge", "slow", "fail", "big"]
    );
    assert_eq!(tools.lists(), 3);
}

#[tokio::test]
async fn a_list_is_remembered_per_server_credentials_and_owner() {
    let (tools, subject) = named(Options::default(), &settings()).await;
    for _ in 0..3 {
        subject.list().await.unwrap();
    }
    assert_eq!(tools.lists(), 1);
    subject.authorized("other").list().await.unwrap();
    assert_eq!(tools.lists(), 2);
    let mut question = listing(&subject.server);
    question.owner = Owner {
        tenant: TenantId::default(),
        account: AccountId::parse("user_other").unwrap(),
    };
    subject.host.list(question.clone()).await.unwrap();
    subject.host.list(question).await.unwrap();
    assert_eq!(tools.lists(), 3);
}

#[tokio::test]
async fn a_list_that_many_want_is_asked_for_once() {
    let (tools, subject) = named(Options::default(), &settings()).await;
    let lists = futures::future::join_all((0..50).map(|_| subject.list())).await;
    assert!(
        lists
            .iter()
            .all(|list| list.as_ref().is_ok_and(|list| list.len() == 7))
    );
    assert_eq!((tools.openings(), tools.lists()), (1, 1));
}

#[tokio::test]
async fn a_remembered_list_is_asked_for_again_in_time() {
    let limits = ToolLimits {
        list_ttl: Duration::from_millis(300),
        ..ToolLimits::default()
    };
    let settings = ToolSettings {
        limits,
        ..settings()
    };
    let (tools, subject) = named(Options::default(), &settings).await;
    assert_eq!(subject.list().await.unwrap().len(), 7);
    tools.change_list();
    assert_eq!(subject.list().await.unwrap().len(), 7);
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!(subject.list().await.unwrap().len(), 8);
}

#[tokio::test]
async fn a_server_may_say_that_its_list_holds_for_less() {
    let options = Options {
        ttl_ms: Some(0),
        ..Options::default()
    };
    let (tools, subject) = named(options, &settings()).await;
    assert_eq!(subject.list().await.unwrap().len(), 7);
    tools.change_list();
    assert_eq!(subject.list().await.unwrap().len(), 8);
}

#[tokio::test]
async fn no_more_tools_are_offered_than_there_may_be() {
    let limits = ToolLimits {
        tools_max: 3,
        ..ToolLimits::default()
    };
    let settings = ToolSettings {
        limits,
        ..settings()
    };
    let (_tools, subject) = named(Options::default(), &settings).await;
    assert_eq!(subject.list().await.unwrap().len(), 3);
}
