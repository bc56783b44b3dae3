use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::request::Parts;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ErrorData, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::{Value, json};

use super::catalog;
use super::performance::Performance;
use super::script::{Ending, script};
use super::stage::{Stage, circumstances};

/// How long the list may be remembered, unless an option says otherwise.
const LIST_TTL_MS: u64 = 3_600_000;

/// The protocol's side of the scripted tools.
#[derive(Clone)]
pub(super) struct Handler(pub(super) Arc<Stage>);

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let options = &self.0.options;
        let mut tools = catalog::tools(self.0.changed.load(Ordering::SeqCst));
        if self.0.twisted.load(Ordering::SeqCst) {
            catalog::twist(&mut tools);
        }
        let cursor = request.and_then(|request| request.cursor);
        let from = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let size = options.page_size.unwrap_or(tools.len()).max(1);
        let next = from + size;
        let more = next < tools.len();
        let page = tools.into_iter().skip(from).take(size).map(typed);
        let mut page = ListToolsResult::with_all_items(page.collect());
        page.next_cursor = more.then(|| next.to_string());
        // rmcp would say that the list holds for no time at all.
        page.ttl_ms = Some(options.ttl_ms.unwrap_or(LIST_TTL_MS));
        Ok(page)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let changed = self.0.changed.load(Ordering::SeqCst);
        let Some(script) = script(&request.name, &arguments, changed) else {
            let words = format!("Unknown tool: {}", request.name);
            return Err(ErrorData::invalid_params(words, None));
        };
        let answer = match script.ending {
            Ending::Answer(answer) => answer,
            Ending::Refused(words) => return Err(ErrorData::invalid_request(words, None)),
            Ending::Fault(_) => unreachable!("faults stay at the door"),
        };
        let parts = context.extensions.get::<Parts>();
        let headers = parts.map(|parts| parts.headers.clone()).unwrap_or_default();
        let meta = serde_json::to_value(&context.meta).unwrap_or_default();
        let around = circumstances(&headers, &meta);
        let performance = Performance::begin(&self.0.ledger, &request.name, &arguments, around);
        tokio::select! {
            () = tokio::time::sleep(script.pause) => performance.end(),
            () = context.ct.cancelled() => {
                drop(performance);
                return Err(ErrorData::internal_error("nobody waits any more", None));
            }
        }
        let result = json!({
            "content": answer.content,
            "structuredContent": answer.structured,
            "isError": answer.is_error,
        });
        Ok(CallToolResponse::Complete(result_of(result)))
    }
}

fn typed(tool: Value) -> Tool {
    serde_json::from_value(tool).expect("the catalog holds tools")
}

fn result_of(mut result: Value) -> CallToolResult {
    let fields = result.as_object_mut().expect("it is an object");
    fields.retain(|_, value| !value.is_null());
    serde_json::from_value(result).expect("a script's answer is a result")
}
