//! The adapter of the `ToolHost` port, on real sockets, and its twin without a wire.

mod contract;
mod eras;
mod hostile;
mod ledger;
mod lists;
mod own;
mod pins;
mod safety;
mod schemas;

use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::{ToolHost, ToolPlace, ToolServer};
use jan_infra::tools::{McpToolHost, ToolLimits, ToolServerSettings, ToolSettings};
use jan_tests::contract::tool_host::Subject;
use jan_tests::scripted_tools::{Options, ScriptedTools};

/// Settings that let callers name places on this machine, with the usual limits.
fn settings() -> ToolSettings {
    ToolSettings {
        allowed: vec!["127.0.0.0/8".parse().unwrap()],
        ..ToolSettings::default()
    }
}

/// The same for somebody who is in a hurry.
fn hurried() -> ToolSettings {
    ToolSettings {
        limits: ToolLimits {
            list: Duration::from_secs(1),
            call: Duration::from_millis(700),
            ..ToolLimits::default()
        },
        ..settings()
    }
}

fn host(settings: &ToolSettings) -> Arc<dyn ToolHost> {
    Arc::new(McpToolHost::try_new(settings).expect("a host"))
}

/// A host and a server that a caller names.
async fn named(options: Options, settings: &ToolSettings) -> (ScriptedTools, Subject) {
    let tools = ScriptedTools::start_with(options).await;
    let subject = Subject {
        host: host(settings),
        server: tools.remote("scripted"),
        ledger: Arc::clone(tools.ledger()),
    };
    (tools, subject)
}

/// A server that a caller names.
fn remote(url: impl Into<String>) -> ToolServer {
    ToolServer {
        label: "remote".to_owned(),
        place: ToolPlace::Remote {
            url: url.into(),
            authorization: None,
            headers: Vec::new(),
        },
    }
}

/// The deployment's own tools.
fn own() -> ToolServer {
    ToolServer {
        label: "own".to_owned(),
        place: ToolPlace::Own,
    }
}

/// A host with these servers of its own.
fn host_with(servers: Vec<ToolServerSettings>) -> Arc<dyn ToolHost> {
    host(&ToolSettings {
        servers,
        ..settings()
    })
}
