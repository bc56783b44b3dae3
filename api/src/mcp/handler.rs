use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ErrorData, GetPromptRequestParams, GetPromptResponse,
    Implementation, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::RequestContext as McpContext;
use rmcp::{RoleServer, ServerHandler};

use super::asked::{Asked, bad_cursor};
use super::{prompts, resources, tools};
use crate::state::ApiState;

const INSTRUCTIONS: &str = "The tools of a Jan Server, and your conversations with it as resources \
    (jan://conversations/{id}).";

/// Answers the protocol's requests. One is made for each, so what it knows is shared.
#[derive(Clone)]
pub(crate) struct Handler {
    state: Arc<ApiState>,
}

impl Handler {
    pub(super) fn new(state: &ApiState) -> Self {
        Self {
            state: Arc::new(state.clone()),
        }
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .build();
        let me = Implementation::new("jan-server", env!("CARGO_PKG_VERSION"));
        ServerConfig::new(capabilities)
            .with_server_info(me.with_title("Jan Server"))
            .with_instructions(INSTRUCTIONS)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: McpContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let asked = Asked::of(&context)?;
        one_page_only(request)?;
        tools::page(&self.state.commands, &asked.caller).await
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: McpContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let asked = Asked::of(&context)?;
        let called = tools::call(&self.state.commands, &asked, request);
        tokio::select! {
            result = called => Ok(CallToolResponse::Complete(result?)),
            // The call is dropped with its future, and thereby stopped.
            () = context.ct.cancelled() => Err(ErrorData::internal_error("Nobody waits any more.", None)),
        }
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        context: McpContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let asked = Asked::of(&context)?;
        let cursor = request.and_then(|request| request.cursor);
        resources::page(&self.state, &asked, cursor).await
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _: McpContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        one_page_only(request)?;
        Ok(resources::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: McpContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let asked = Asked::of(&context)?;
        let read = resources::read(&self.state, &asked, &request.uri).await?;
        Ok(read.into())
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _: McpContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        one_page_only(request)?;
        Ok(prompts::all())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: McpContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let asked = Asked::of(&context)?;
        let prompt = prompts::get(&self.state, &asked, &request).await?;
        Ok(prompt.into())
    }
}

/// No list of ours that is short has a second page.
fn one_page_only(request: Option<PaginatedRequestParams>) -> Result<(), ErrorData> {
    match request.and_then(|request| request.cursor) {
        None => Ok(()),
        Some(_) => Err(bad_cursor()),
    }
}
