//! What a server answers to a call, as a result of the port.

use jan_domain::ports::{ToolFailure, ToolResult};
use rmcp::model::{CallToolResult, ServerResult};
use serde_json::Value;

/// Reads an answer, if it is one to a call.
pub(super) fn read(answer: ServerResult, bytes_max: usize) -> Result<ToolResult, ToolFailure> {
    let result = match answer {
        ServerResult::CallToolResult(result) => result,
        // Some servers say nothing when there is nothing to say.
        ServerResult::EmptyResult(_) | ServerResult::TaskAckResult(_) => CallToolResult::default(),
        ServerResult::InputRequiredResult(_) => {
            let words = "the tool asks for further input, which nobody can give here";
            return Err(ToolFailure::Refused(words.to_owned()));
        }
        _ => return Err(ToolFailure::Garbled),
    };
    let content = result.content.iter().map(serde_json::to_value);
    let mut content: Vec<Value> = content
        .collect::<Result<_, _>>()
        .map_err(|_| ToolFailure::Garbled)?;
    let mut structured = result.structured_content;
    let size = content.iter().map(text_bytes).sum::<usize>()
        + structured
            .as_ref()
            .map_or(0, |value| value.to_string().len());
    if size > bytes_max {
        return Err(ToolFailure::TooLarge);
    }
    content
        .iter_mut()
        .chain(&mut structured)
        .for_each(without_nul);
    Ok(ToolResult {
        content,
        structured,
        is_error: result.is_error.unwrap_or(false),
    })
}

fn text_bytes(block: &Value) -> usize {
    let own = block["text"].as_str();
    let embedded = || block["resource"]["text"].as_str();
    own.or_else(embedded).map_or(0, str::len)
}

/// No event can hold a NUL.
fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(without_nul),
        Value::Object(fields) => fields.values_mut().for_each(without_nul),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(value: Value) -> ServerResult {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn blocks_pass_in_order_and_without_nul() {
        let result = read(
            answer(json!({
                "content": [{"type": "text", "text": "a\0b"}, {"type": "image", "data": "AA==", "mimeType": "image/png"}],
                "structuredContent": {"x": ["\0"]},
                "isError": true,
            })),
            100,
        )
        .unwrap();
        assert_eq!(result.content[0]["text"], "a\u{fffd}b");
        assert_eq!(result.content[1]["mimeType"], "image/png");
        assert_eq!(result.structured, Some(json!({"x": ["\u{fffd}"]})));
        assert!(result.is_error);
    }

    #[test]
    fn too_much_is_told_from_too_strange() {
        let text = |length: usize| {
            answer(json!({"content": [{"type": "text", "text": "x".repeat(length)}]}))
        };
        assert!(read(text(10), 10).is_ok());
        assert_eq!(read(text(11), 10), Err(ToolFailure::TooLarge));
        let structured = answer(json!({"content": [], "structuredContent": "x".repeat(10)}));
        assert_eq!(read(structured, 10), Err(ToolFailure::TooLarge));
        assert_eq!(
            read(answer(json!({"anything": 1})), 10),
            Err(ToolFailure::Garbled)
        );
        assert!(read(answer(json!({})), 10).is_ok_and(|result| result.content.is_empty()));
    }
}
