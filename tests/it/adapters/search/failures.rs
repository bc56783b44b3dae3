//! Engines that do not answer: what is made of it, who is asked instead, and how often.

use std::time::Duration;

use jan_domain::Caller;
use jan_infra::search::{EngineName, SearchFailure, SearchSettings};
use jan_tests::scripted_web::{Reply, ScriptedWeb};
use serde_json::json;

use super::{Subject, add, engine, question};

const SERPER: &str = "/search";

fn good() -> Reply {
    Reply::json(
        &json!({"results": [{"title": "t", "url": "https://a.example/", "content": "c"}],
        "organic": [{"title": "t", "link": "https://a.example/", "snippet": "c"}]}),
    )
}

#[tokio::test]
async fn every_failure_has_a_name_and_is_answered_by_the_index() {
    let page = || Reply::page("<html>");
    for (reply, name, tries) in [
        (Reply::status(400), "refused", 1),
        (Reply::status(401), "unauthorized", 1),
        (Reply::status(403), "unauthorized", 1),
        (Reply::status(402), "used_up", 1),
        (Reply::status(429), "rate_limited", 3),
        (
            Reply::status(429).with("retry-after", "3600"),
            "rate_limited",
            1,
        ),
        (Reply::status(500), "out_of_order", 3),
        (
            Reply::status(503).with("retry-after", "0"),
            "out_of_order",
            3,
        ),
        (
            Reply::status(302).with("location", "http://169.254.169.254/"),
            "refused",
            1,
        ),
        (page(), "garbled", 1),
        (Reply::json(&json!([])), "garbled", 1),
        (Reply::json(&json!({"organic": 5})), "garbled", 1),
        (Reply::json(&json!({"message": "hello"})), "garbled", 1),
        (Reply::page(vec![b' '; 3 << 20]), "garbled", 1),
        (good().after(Duration::from_secs(30)), "timed_out", 1),
    ] {
        let web = ScriptedWeb::start().await;
        let shown = format!("{reply:.200?}");
        web.tell(SERPER, [reply]);
        let settings = SearchSettings {
            timeout: Duration::from_secs(2),
            ..engine(EngineName::Serper, &web)
        };
        let found = Subject::over(&settings).await.ask(&question()).await;
        assert_eq!(found.in_vain, [("serper", name)], "{shown}");
        assert_eq!((found.engine, found.is_live()), ("index", false));
        assert_eq!(found.status, "serper_error");
        assert!(found.hits.is_empty(), "nothing is invented");
        assert_eq!(web.asked().len(), tries, "{shown}");
    }
}

#[tokio::test]
async fn what_passes_is_asked_again() {
    let web = ScriptedWeb::start().await;
    web.tell(
        SERPER,
        [
            Reply::status(429).with("retry-after", "1"),
            Reply::status(500),
            good(),
        ],
    );
    let found = Subject::over(&engine(EngineName::Serper, &web)).await;
    let found = found.ask(&question()).await;
    assert!(found.is_live() && found.hits.len() == 1);
    assert_eq!(web.asked().len(), 3);
}

#[tokio::test]
async fn the_next_engine_is_asked_in_the_operators_order() {
    let (dead, alive) = (ScriptedWeb::start().await, ScriptedWeb::start().await);
    dead.tell("/search", [Reply::status(401)]);
    alive.tell("/search", [good()]);
    let mut settings = engine(EngineName::Searxng, &alive);
    add(&mut settings, EngineName::Serper, &alive);
    add(&mut settings, EngineName::Tavily, &dead);
    settings.engines = vec![EngineName::Tavily, EngineName::Searxng];
    let subject = Subject::over(&settings).await;
    assert_eq!(
        subject.searcher.engines(),
        ["tavily", "searxng", "serper", "index"]
    );
    let found = subject.ask(&question()).await;
    assert_eq!(
        (found.engine, found.in_vain),
        ("searxng", vec![("tavily", "unauthorized")])
    );
    // Its key was refused: it is not shown again at once.
    let found = subject.ask(&question()).await;
    assert_eq!(found.in_vain, [("tavily", "unavailable")]);
    assert_eq!(dead.asked().len(), 1);
    // One may be wanted by name, and then no other is asked.
    let owner = Caller::nobody().owner;
    let wanted = |name| (Some(name), false);
    let found = subject
        .searcher
        .search(&owner, &question(), wanted("serper"))
        .await;
    assert_eq!(found.unwrap().engine, "serper");
    let found = subject
        .searcher
        .search(&owner, &question(), wanted("tavily"))
        .await
        .unwrap();
    assert_eq!(
        (found.engine, found.status.as_str()),
        ("index", "tavily_unavailable")
    );
    let refused = subject
        .searcher
        .search(&owner, &question(), wanted("exa"))
        .await;
    assert!(matches!(refused, Err(SearchFailure::UnknownEngine { .. })));
}

#[tokio::test]
async fn an_engine_that_keeps_failing_is_left_alone() {
    let web = ScriptedWeb::start().await;
    web.tell(SERPER, [Reply::status(500).with("retry-after", "100")]);
    let subject = Subject::over(&engine(EngineName::Serper, &web)).await;
    for _ in 0..5 {
        assert_eq!(subject.ask(&question()).await.status, "serper_error");
    }
    assert_eq!(subject.ask(&question()).await.status, "serper_unavailable");
    assert_eq!(web.asked().len(), 5);
}

#[tokio::test]
async fn without_engines_and_offline_nobody_is_asked() {
    let web = ScriptedWeb::start().await;
    web.tell(SERPER, [good()]);
    let unconfigured = Subject::over(&SearchSettings::default()).await;
    assert_eq!(unconfigured.ask(&question()).await.status, "unconfigured");
    let offline = SearchSettings {
        offline: true,
        ..engine(EngineName::Serper, &web)
    };
    let found = Subject::over(&offline).await.ask(&question()).await;
    assert_eq!(
        (found.engine, found.status.as_str()),
        ("index", "offline_mode")
    );
    assert!(web.asked().is_empty());
}
