//! Tools: listed and called through the deployment's tool host, as far as the caller may use them.

use std::sync::Arc;

use jan_commands::Commands;
use jan_commands::run::{
    DirectCall, DirectCallError, RunError, call_tool_directly, list_own_tools, may_use_own_tool,
};
use jan_domain::Caller;
use jan_domain::ports::{ToolFailure, ToolOffer};
use jan_domain::response::run::ToolReturn;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResult, ContentBlock, ErrorData, JsonObject,
    ListToolsResult, Tool,
};
use serde_json::{Value, json};

use super::asked::{Asked, internal};
use crate::state::ApiState;

/// How long a list may be remembered: about as long as we remember those of the tool servers.
const LIST_TTL_MS: u64 = 60_000;
/// Wishes a tool server has for its own door; ours does not pass headers on.
const HEADER_WISH: &str = "x-mcp-header";

/// The tools that a caller may use, as the protocol shows them.
pub(super) async fn list(commands: &Commands, caller: &Caller) -> Result<Vec<Tool>, ToolFailure> {
    let offers = list_own_tools(commands, caller).await?;
    Ok(offers.into_iter().map(shown).collect())
}

/// What the caller could use if it were as it was approved. Nothing of what its server says of it now is
/// shown: that is what nobody has approved.
pub(super) async fn withheld(state: &ApiState, caller: &Caller, offered: &[Tool]) -> Vec<Value> {
    let reports = state.server.tool_servers.report().await;
    let tools = reports.iter().flat_map(|report| &report.tools);
    let withheld = tools.filter(|tool| {
        !tool.offered
            && may_use_own_tool(&state.commands, caller, &tool.name)
            && !offered.iter().any(|other| other.name == tool.name)
    });
    let shown = withheld.map(|tool| {
        let reason = if tool.changes.is_empty() {
            "not_approved"
        } else {
            "changed"
        };
        json!({"name": tool.name, "reason": reason, "changes": tool.changes})
    });
    shown.collect()
}

pub(super) async fn page(
    commands: &Commands,
    caller: &Caller,
) -> Result<ListToolsResult, ErrorData> {
    let tools = list(commands, caller).await.map_err(internal)?;
    let mut page = ListToolsResult::with_all_items(tools);
    page.ttl_ms = Some(LIST_TTL_MS);
    page.cache_scope = Some(CacheScope::Private);
    Ok(page)
}

/// Calls a tool, on record. What goes wrong with the tool is a result; a tool that the caller does not
/// have is an error.
pub(super) async fn call(
    commands: &Commands,
    asked: &Asked,
    request: CallToolRequestParams,
) -> Result<CallToolResult, ErrorData> {
    let call = DirectCall {
        tool: request.name.into_owned(),
        arguments: request.arguments.unwrap_or_default(),
    };
    let ids = Arc::clone(&asked.request.ids);
    let called = call_tool_directly(commands, &asked.caller, &asked.request.request, ids, call);
    match called.await {
        Ok(told) => Ok(result(told)),
        Err(error) => failure(error),
    }
}

fn failure(error: DirectCallError) -> Result<CallToolResult, ErrorData> {
    match error {
        DirectCallError::UnknownTool(tool) => {
            let words = format!("Unknown tool: {tool}");
            Err(ErrorData::invalid_params(words, None))
        }
        DirectCallError::Run(RunError::TooBusy)
        | DirectCallError::TooManyCalls
        | DirectCallError::Tools(_)
        | DirectCallError::Failed(_)
        | DirectCallError::Stopped => Ok(CallToolResult::error(vec![ContentBlock::text(
            error.to_string(),
        )])),
        DirectCallError::Run(error) => Err(internal(error)),
    }
}

/// Structured results are also there as text, for clients that look at texts only.
fn result(told: ToolReturn) -> CallToolResult {
    let known = |block: Value| serde_json::from_value::<ContentBlock>(block).ok();
    let mut content: Vec<ContentBlock> = told.content.into_iter().filter_map(known).collect();
    if content.is_empty() && !told.output.is_empty() {
        content.push(ContentBlock::text(told.output));
    }
    if let Some(structured) = &told.structured {
        let says_it = |block: &ContentBlock| {
            let text = block
                .as_text()
                .map(|text| serde_json::from_str::<Value>(&text.text));
            text.is_some_and(|value| value.is_ok_and(|value| value == *structured))
        };
        if !content.iter().any(says_it) {
            content.push(ContentBlock::text(structured.to_string()));
        }
    }
    let mut result = CallToolResult::success(content);
    result.structured_content = told.structured;
    result.is_error = Some(told.is_error);
    result
}

fn shown(offer: ToolOffer) -> Tool {
    let description = offer.description.unwrap_or_default();
    let mut tool = Tool::new(offer.name, description, schema(offer.input_schema));
    let annotations = offer.annotations.map(serde_json::from_value);
    tool.annotations = annotations.and_then(Result::ok);
    tool.output_schema = offer.output_schema.map(|output| Arc::new(schema(output)));
    tool
}

/// A schema of an object, which the protocol wants said.
fn schema(schema: Value) -> JsonObject {
    let Value::Object(mut schema) = schema else {
        return JsonObject::from_iter([("type".to_owned(), "object".into())]);
    };
    schema.entry("type").or_insert("object".into());
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for property in properties.values_mut().filter_map(Value::as_object_mut) {
            property.remove(HEADER_WISH);
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(output: &str, structured: Option<Value>, content: Vec<Value>) -> Value {
        let told = ToolReturn {
            output: output.to_owned(),
            is_error: false,
            structured,
            content,
        };
        serde_json::to_value(result(told)).unwrap()
    }

    #[test]
    fn a_structured_result_is_a_text_too_and_once() {
        let sum = json!({"sum": 5});
        let same = told("{\"sum\": 5}", Some(sum.clone()), Vec::new());
        assert_eq!(
            same["content"],
            json!([{"type": "text", "text": "{\"sum\": 5}"}])
        );
        let other = told("five", Some(sum.clone()), Vec::new());
        assert_eq!(other["content"][1]["text"], "{\"sum\":5}");
        assert_eq!(other["structuredContent"], sum);
    }

    #[test]
    fn every_block_is_passed_on() {
        let image = json!({"type": "image", "data": "AA==", "mimeType": "image/png"});
        let text = json!({"type": "text", "text": "a"});
        let both = told("a\n[image]", None, vec![text.clone(), image.clone()]);
        assert_eq!(both["content"], json!([text, image]));
    }

    #[test]
    fn a_schema_says_object_and_wishes_for_no_headers() {
        let wished = json!({"properties": {"a": {"type": "string", "x-mcp-header": "A"}}});
        let shown = Value::Object(schema(wished));
        assert_eq!(
            shown,
            json!({"type": "object", "properties": {"a": {"type": "string"}}})
        );
    }
}
