use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities,
    CompleteRequestParams, CompleteResult, ErrorData, GetPromptRequestParams, GetPromptResponse,
    GetPromptResult, Implementation, InputResponses, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, ServerCapabilities,
    ServerConfig, SetLevelRequestParams, SubscribeRequestParams, Tool, UnsubscribeRequestParams,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::asking::{self, Outcome, Round};
use super::{catalog, results, telling};

/// Answers what the suites ask.
#[derive(Clone)]
pub(super) struct Fixture;

type Context = RequestContext<RoleServer>;

impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        let capabilities = json!({
            "tools": {}, "resources": {}, "prompts": {}, "logging": {}, "completions": {},
        });
        let capabilities: ServerCapabilities =
            serde_json::from_value(capabilities).unwrap_or_default();
        ServerConfig::new(capabilities).with_server_info(Implementation::new("mcp-fixture", "1"))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let mut tools = catalog::tools().into_iter();
        let tool = tools.find(|tool| tool["name"] == name)?;
        serde_json::from_value(tool).ok()
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListToolsResult, ErrorData> {
        page("tools", &Value::Array(catalog::tools()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: Context,
    ) -> Result<CallToolResponse, ErrorData> {
        let tool = request.name.as_ref();
        if tool == "test_missing_capability" {
            return sampling_or_nothing(&context);
        }
        if asking::TOOLS.contains(&tool) {
            let round = round(&context, request.input_responses, request.request_state);
            return match round.of(tool)? {
                Outcome::Asked(asked) => Ok(asked.into()),
                Outcome::Known(words) => Ok(CallToolResponse::Complete(read(
                    json!({"content": [results::text(&words)]}),
                )?)),
            };
        }
        let told = telling::of(tool, &context).await?;
        let result = told
            .or_else(|| results::of(tool))
            .ok_or_else(|| ErrorData::invalid_params(format!("Unknown tool: {tool}"), None))?;
        Ok(CallToolResponse::Complete(read::<CallToolResult>(result)?))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourcesResult, ErrorData> {
        page("resources", &catalog::resources())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        page("resourceTemplates", &catalog::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: Context,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let contents = catalog::contents(&request.uri).ok_or_else(|| {
            ErrorData::resource_not_found("Resource not found", Some(json!({"uri": request.uri})))
        })?;
        Ok(page::<ReadResourceResult>("contents", &json!([contents]))?.into())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: Context,
    ) -> Result<ListPromptsResult, ErrorData> {
        page("prompts", &catalog::prompts())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: Context,
    ) -> Result<GetPromptResponse, ErrorData> {
        if request.name == asking::PROMPT {
            let round = round(&context, request.input_responses, request.request_state);
            return match round.of_prompt()? {
                Outcome::Asked(asked) => Ok(asked.into()),
                Outcome::Known(words) => {
                    let message = json!({"role": "user", "content": results::text(&words)});
                    Ok(read::<GetPromptResult>(json!({"messages": [message]}))?.into())
                }
            };
        }
        let arguments = request.arguments.unwrap_or_default();
        let argument = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
        let messages = catalog::messages(&request.name, |name| {
            if arguments.contains_key(name) {
                argument(name)
            } else {
                String::new()
            }
        });
        let messages = messages.ok_or_else(|| {
            ErrorData::invalid_params(format!("Unknown prompt: {}", request.name), None)
        })?;
        Ok(read::<GetPromptResult>(json!({"messages": messages}))?.into())
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: Context,
    ) -> Result<CompleteResult, ErrorData> {
        read(
            json!({"completion": {"values": ["paris", "park", "party"], "total": 3, "hasMore": false}}),
        )
    }

    async fn set_level(&self, _: SetLevelRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn subscribe(&self, _: SubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }

    async fn unsubscribe(&self, _: UnsubscribeRequestParams, _: Context) -> Result<(), ErrorData> {
        Ok(())
    }
}

/// A tool that cannot work without a client that can be asked for texts.
fn sampling_or_nothing(context: &Context) -> Result<CallToolResponse, ErrorData> {
    let capabilities = context.client_capabilities().unwrap_or_default();
    if capabilities.sampling.is_some() {
        let result = json!({"content": [results::text("The client can be asked.")]});
        return Ok(CallToolResponse::Complete(read(result)?));
    }
    let required = ClientCapabilities::builder().enable_sampling().build();
    Err(ErrorData::missing_required_client_capability(required))
}

fn round(context: &Context, responses: Option<InputResponses>, state: Option<String>) -> Round {
    Round {
        responses: responses.unwrap_or_default(),
        state,
        capabilities: context.client_capabilities().unwrap_or_default(),
    }
}

/// A whole list, or the contents of a resource; nothing in them ever changes.
fn page<T: DeserializeOwned>(field: &str, items: &Value) -> Result<T, ErrorData> {
    read(json!({field: items, "ttlMs": 60_000, "cacheScope": "public"}))
}

/// A result that is whole, which the modern era wants said; rmcp leaves it out for the other.
fn read<T: DeserializeOwned>(mut value: Value) -> Result<T, ErrorData> {
    value["resultType"] = "complete".into();
    serde_json::from_value(value)
        .map_err(|error| ErrorData::internal_error(error.to_string(), None))
}
