//! Tools that are not as the operator approved them.

use std::sync::Arc;

use jan_domain::ports::{Approval, ToolFailure, ToolHost, ToolServerReport, ToolServers};
use jan_infra::tools::{McpToolHost, Pins, ToolServerSettings, ToolSettings};
use jan_tests::contract::tool_host::{call, listing};
use jan_tests::scripted_tools::ScriptedTools;
use serde_json::json;

use super::own;

fn host(tools: &ScriptedTools, pins: Pins, pin: Option<&str>, tool_pins: &[String]) -> McpToolHost {
    let server = ToolServerSettings {
        pin: pin.map(str::to_owned),
        tool_pins: tool_pins.to_vec(),
        ..ToolServerSettings::new("scripted", tools.url())
    };
    let settings = ToolSettings {
        servers: vec![server],
        pins,
        ..ToolSettings::default()
    };
    McpToolHost::try_new(&settings).unwrap()
}

async fn names(host: &McpToolHost) -> Vec<String> {
    let offers = host.list(listing(&own())).await.unwrap();
    offers.into_iter().map(|offer| offer.name).collect()
}

async fn charge(host: &McpToolHost) -> Result<String, ToolFailure> {
    let called = host.call(call(&own(), "step_1", "charge", json!({"amount": 1})));
    called.await.map(|result| result.told())
}

async fn report(host: &McpToolHost) -> ToolServerReport {
    host.refresh("scripted".to_owned()).await.unwrap()
}

async fn pin_of(tools: &ScriptedTools) -> ToolServerReport {
    report(&host(tools, Pins::Given, None, &[])).await
}

fn withheld() -> Result<String, ToolFailure> {
    Err(ToolFailure::Withheld("charge".to_owned()))
}

/// The rug is pulled between the list and the call, while the list still counts as known.
#[tokio::test]
async fn a_tool_that_changes_after_it_was_listed_is_not_called() {
    let tools = ScriptedTools::start().await;
    let approved = pin_of(&tools).await;
    assert_eq!(approved.approval, Approval::Unpinned);
    let host = host(&tools, Pins::Given, approved.pin.as_deref(), &[]);
    assert_eq!(names(&host).await.len(), 7);
    assert_eq!(charge(&host).await.unwrap(), "charged 1");
    tools.twist_list();
    assert_eq!(charge(&host).await, withheld());
    assert_eq!(tools.ledger().entries().len(), 1);
    assert!(!names(&host).await.contains(&"charge".to_owned()));
    let now = report(&host).await;
    assert_eq!(now.approval, Approval::Changed);
    let changed: Vec<_> = now.tools.iter().filter(|tool| !tool.offered).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].changes, ["description", "inputSchema"]);
    let echo = call(&own(), "step_2", "echo", json!({"text": "a"}));
    assert!(host.call(echo).await.is_ok(), "it has not changed");
}

#[tokio::test]
async fn a_new_tool_waits_for_its_approval() {
    let tools = ScriptedTools::start().await;
    let pin = pin_of(&tools).await.pin;
    let before = host(&tools, Pins::Given, pin.as_deref(), &[]);
    assert_eq!(names(&before).await.len(), 7);
    tools.change_list();
    let now = report(&before).await;
    assert_eq!(names(&before).await.len(), 7);
    assert_eq!(now.tools[7].changes, ["new"]);
    let again = host(&tools, Pins::Given, now.pin.as_deref(), &[]);
    assert_eq!(names(&again).await.len(), 8);
    assert_eq!(report(&again).await.approval, Approval::Pinned);
}

/// After a start nothing is known of what was there before, but what the operator wrote down.
#[tokio::test]
async fn without_a_memory_single_pins_say_what_has_not_changed() {
    let tools = ScriptedTools::start().await;
    let before = pin_of(&tools).await;
    let pins = before
        .tools
        .iter()
        .map(|tool| format!("{}={}", tool.name, tool.pin));
    let pins: Vec<_> = pins.collect();
    tools.twist_list();
    let blind = host(&tools, Pins::Given, before.pin.as_deref(), &[]);
    assert_eq!(names(&blind).await, [""; 0]);
    let knowing = host(&tools, Pins::Given, before.pin.as_deref(), &pins);
    assert_eq!(
        names(&knowing).await,
        ["echo", "add", "note", "slow", "fail", "big"]
    );
    assert_eq!(charge(&knowing).await, withheld());
}

#[tokio::test]
async fn the_operator_says_what_is_done_about_it() {
    let tools = ScriptedTools::start().await;
    let pin = pin_of(&tools).await.pin;
    let unpinned = |pins| host(&tools, pins, None, &[]);
    assert_eq!(names(&unpinned(Pins::Enforce)).await, [""; 0]);
    assert_eq!(charge(&unpinned(Pins::Enforce)).await, withheld());
    let (warned, given, off) = (
        host(&tools, Pins::Warn, pin.as_deref(), &[]),
        unpinned(Pins::Given),
        host(&tools, Pins::Off, pin.as_deref(), &[]),
    );
    for host in [&warned, &given, &off] {
        assert_eq!(names(host).await.len(), 7);
    }
    tools.twist_list();
    for (host, approval) in [
        (&warned, Approval::Changed),
        (&given, Approval::Changed),
        (&off, Approval::Unpinned),
    ] {
        assert_eq!(report(host).await.approval, approval);
        assert!(charge(host).await.is_ok());
    }
}

#[tokio::test]
async fn a_server_that_is_gone_says_so_in_its_report() {
    let tools = ScriptedTools::start().await;
    let host = Arc::new(host(&tools, Pins::Given, None, &[]));
    let alive = host.report().await;
    assert_eq!(alive[0].version.as_deref(), Some("2026-07-28"));
    tools.stop().await;
    let gone = report(&host).await;
    assert!(gone.failure.is_some() && gone.tools.is_empty());
    assert_eq!(host.refresh("nobody".to_owned()).await, None);
}
