use serde_json::{Value, json};

use super::StepOutcome;

/// JSON-RPC's and MCP's numbers for what we name.
const CLOSED: i64 = -32000;
const TIMED_OUT: i64 = -32001;
const INVALID_PARAMS: i64 = -32602;
const INTERNAL: i64 = -32603;
const GARBLED: i64 = -32700;

/// Why a call of a server-side tool gave nothing, as OpenAI tells it: an object by who says so.
pub(super) fn call_error(outcome: &StepOutcome) -> Option<Value> {
    match outcome {
        StepOutcome::Returned(told) if told.is_error => Some(json!({
            "type": "mcp_tool_execution_error",
            "content": [{"type": "text", "text": told.output}],
        })),
        StepOutcome::Failed(failure) => Some(failed(&failure.code, &failure.message)),
        StepOutcome::Unknown => Some(failed(
            "unknown",
            "It is not known whether the call was made.",
        )),
        _ => None,
    }
}

fn failed(name: &str, message: &str) -> Value {
    let code = match name {
        "unauthorized" => {
            return json!({"type": "http_error", "code": 401, "message": message});
        }
        "unreachable" | "forbidden" | "cut" => CLOSED,
        "timed_out" => TIMED_OUT,
        "unknown_tool" | "refused" | "invalid_arguments" => INVALID_PARAMS,
        "garbled" => GARBLED,
        _ => INTERNAL,
    };
    json!({"type": "mcp_protocol_error", "code": code, "message": message})
}

/// The words of a call's error: of ours, of another server's, or of the times when it was a text.
pub fn call_error_text(error: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let parts = || {
        let parts = error["content"].as_array()?.iter();
        Some(parts.filter_map(|part| part["text"].as_str()).collect())
    };
    match error {
        Value::Null => None,
        Value::Object(_) => text(&error["message"])
            .or_else(parts)
            .or_else(|| text(&error["content"]))
            .or_else(|| Some(error.to_string())),
        other => text(other).or_else(|| Some(other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::run::{StepFailure, ToolReturn};

    #[test]
    fn an_error_is_an_object_with_words() {
        let told = StepOutcome::Returned(ToolReturn {
            output: "no milk".to_owned(),
            is_error: true,
            structured: None,
            content: Vec::new(),
        });
        let late = StepOutcome::Failed(StepFailure {
            code: "timed_out".to_owned(),
            message: "the tool took too long".to_owned(),
        });
        for (outcome, kind, words) in [
            (told, "mcp_tool_execution_error", "no milk"),
            (late, "mcp_protocol_error", "the tool took too long"),
        ] {
            let error = call_error(&outcome).unwrap();
            assert_eq!(error["type"], kind);
            assert_eq!(call_error_text(&error).as_deref(), Some(words));
        }
        assert_eq!(
            call_error_text(&json!("as before")).as_deref(),
            Some("as before")
        );
        assert_eq!(call_error_text(&Value::Null), None);
    }
}
