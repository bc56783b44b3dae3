use std::time::Duration;

use jan_domain::ports::ToolResult;
use serde_json::{Map, Value, json};

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Script {
    pub(super) pause: Duration,
    pub(super) ending: Ending,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ending {
    Answer(ToolResult),
    /// Nothing has happened.
    Refused(String),
    Fault(Fault),
}

/// How a call that had its effect stays without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Hang,
    Cut,
    HangUp,
    Garbage,
    Page,
    StreamCut,
    StreamGarbage,
    Status(u16),
}

/// What the arguments of a tool say. There is nothing for a tool that does not exist.
pub(super) fn script(tool: &str, arguments: &Map<String, Value>, changed: bool) -> Option<Script> {
    let text = |key: &str| {
        arguments
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let number = |key: &str| {
        arguments
            .get(key)
            .and_then(Value::as_u64)
            .unwrap_or_default()
    };
    let answer = match tool {
        "echo" => ToolResult::text(text("text")),
        "add" => sum(arguments),
        "note" => ToolResult::text("noted"),
        "charge" => ToolResult::text(format!("charged {}", number("amount"))),
        "slow" => ToolResult::text("awake"),
        "fail" => ToolResult {
            is_error: true,
            ..ToolResult::text(text("message"))
        },
        "big" => {
            let size = usize::try_from(number("bytes")).unwrap_or(usize::MAX);
            ToolResult::text("x".repeat(size.min(64 << 20)))
        }
        "changed" if changed => ToolResult::text("here"),
        _ => return None,
    };
    let pause = if tool == "slow" { number("ms") } else { 0 };
    let ending = match text("fault") {
        "rpc_error" => Ending::Refused("the script says no".to_owned()),
        name => Fault::named(name).map_or(Ending::Answer(answer), Ending::Fault),
    };
    Some(Script {
        pause: Duration::from_millis(pause),
        ending,
    })
}

fn sum(arguments: &Map<String, Value>) -> ToolResult {
    let number = |key: &str| {
        arguments
            .get(key)
            .and_then(Value::as_f64)
            .unwrap_or_default()
    };
    let sum = number("a") + number("b");
    let promised = arguments
        .get("fault")
        .is_none_or(|fault| fault != "promise");
    let structured = if promised {
        json!({ "sum": sum })
    } else {
        json!({ "sum": "more than promised" })
    };
    ToolResult {
        structured: Some(structured.clone()),
        ..ToolResult::text(structured.to_string())
    }
}

impl Fault {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "hang" => Self::Hang,
            "cut" => Self::Cut,
            "hang_up" => Self::HangUp,
            "garbage" => Self::Garbage,
            "page" => Self::Page,
            "stream_cut" => Self::StreamCut,
            "stream_garbage" => Self::StreamGarbage,
            status => Self::Status(status.strip_prefix("status_")?.parse().ok()?),
        })
    }
}
