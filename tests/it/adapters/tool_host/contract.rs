//! The contract suite: on the real host, with the scripted tools of either era at the other side and
//! as servers of a caller's and of the deployment's own; and on the fake.

use std::sync::Arc;
use std::time::Duration;

use jan_infra::tools::ToolServerSettings;
use jan_tests::contract::tool_host::{self as contract, Subject};
use jan_tests::scripted_tools::{Era, Ledger, Options, ScriptedToolHost, ScriptedTools};

use super::{host_with, hurried, named, own, remote, settings};

fn of(era: Era) -> Options {
    Options {
        era,
        ..Options::default()
    }
}

fn fake() -> Subject {
    fake_with(None, Duration::from_secs(45))
}

fn fake_with(bearer: Option<&str>, patience: Duration) -> Subject {
    let ledger = Arc::new(Ledger::default());
    let bearer = bearer.map(str::to_owned);
    Subject {
        host: Arc::new(ScriptedToolHost::with(
            Arc::clone(&ledger),
            bearer,
            patience,
        )),
        server: remote("https://tools.example/mcp"),
        ledger,
    }
}

#[tokio::test]
async fn offers_come_in_order_with_their_effects() {
    contract::offers_come_in_order_with_their_effects(fake()).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &settings()).await;
        contract::offers_come_in_order_with_their_effects(subject).await;
    }
}

#[tokio::test]
async fn results_arrive_as_they_were_given() {
    contract::results_arrive_as_they_were_given(fake()).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &settings()).await;
        contract::results_arrive_as_they_were_given(subject).await;
    }
}

#[tokio::test]
async fn what_is_sent_along_arrives() {
    contract::what_is_sent_along_arrives(fake()).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &settings()).await;
        contract::what_is_sent_along_arrives(subject).await;
    }
}

#[tokio::test]
async fn a_key_makes_a_repetition_harmless() {
    contract::a_key_makes_a_repetition_harmless(fake()).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &settings()).await;
        contract::a_key_makes_a_repetition_harmless(subject).await;
    }
}

#[tokio::test]
async fn what_is_refused_has_not_happened() {
    contract::what_is_refused_has_not_happened(fake()).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &settings()).await;
        contract::what_is_refused_has_not_happened(subject).await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_not_a_call_that_did_not_happen() {
    contract::a_lost_answer_is_not_a_call_that_did_not_happen(fake()).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &settings()).await;
        contract::a_lost_answer_is_not_a_call_that_did_not_happen(subject).await;
    }
}

#[tokio::test]
async fn a_result_has_a_size_limit() {
    contract::a_result_has_a_size_limit(fake()).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &settings()).await;
        contract::a_result_has_a_size_limit(subject).await;
    }
}

#[tokio::test]
async fn a_dropped_call_is_cancelled() {
    contract::a_dropped_call_is_cancelled(fake()).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &settings()).await;
        contract::a_dropped_call_is_cancelled(subject).await;
    }
}

#[tokio::test]
async fn answers_do_not_cross() {
    contract::answers_do_not_cross(fake()).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &settings()).await;
        contract::answers_do_not_cross(subject).await;
    }
}

/// The operator's servers keep the same promises.
#[tokio::test]
async fn own_servers_keep_the_contract() {
    let (tools, subject) = own_tools().await;
    contract::offers_come_in_order_with_their_effects(subject.clone()).await;
    contract::results_arrive_as_they_were_given(subject.clone()).await;
    tools.ledger().forget();
    contract::what_is_refused_has_not_happened(subject.clone()).await;
    contract::a_key_makes_a_repetition_harmless(subject.clone()).await;
    contract::a_lost_answer_is_not_a_call_that_did_not_happen(subject.clone()).await;
    tools.ledger().forget();
    contract::a_dropped_call_is_cancelled(subject).await;
}

async fn own_tools() -> (ScriptedTools, Subject) {
    let tools = ScriptedTools::start().await;
    let subject = Subject {
        host: host_with(vec![ToolServerSettings::new("scripted", tools.url())]),
        server: own(),
        ledger: Arc::clone(tools.ledger()),
    };
    (tools, subject)
}

#[tokio::test]
async fn a_dead_server_is_unreachable() {
    contract::a_dead_server_is_unreachable(fake().at(ScriptedToolHost::dead())).await;
    let (tools, subject) = named(Options::default(), &settings()).await;
    tools.stop().await;
    contract::a_dead_server_is_unreachable(subject).await;
}

#[tokio::test]
async fn the_wrong_credentials_open_nothing() {
    let patience = Duration::from_secs(45);
    contract::the_wrong_credentials_open_nothing(fake_with(Some("sesame"), patience)).await;
    for era in [Era::Modern, Era::Legacy] {
        let options = Options {
            bearer: Some("sesame".to_owned()),
            ..of(era)
        };
        let (_tools, subject) = named(options, &settings()).await;
        contract::the_wrong_credentials_open_nothing(subject).await;
    }
}

#[tokio::test]
async fn silence_has_an_end() {
    contract::silence_has_an_end(fake_with(None, Duration::from_millis(300))).await;
    for era in [Era::Modern, Era::Legacy] {
        let (_tools, subject) = named(of(era), &hurried()).await;
        contract::silence_has_an_end(subject).await;
    }
}
