//! Prompts: one, which is of use with the resources.

use rmcp::model::{
    ContentBlock, ErrorData, GetPromptRequestParams, GetPromptResult, ListPromptsResult, Prompt,
    PromptArgument, PromptMessage, Role,
};
use serde_json::Value;

use super::asked::Asked;
use super::resources;
use crate::state::ApiState;

const SUMMARIZE: &str = "summarize_conversation";
const CONVERSATION: &str = "conversation";

/// What is on offer.
pub(super) fn all() -> ListPromptsResult {
    let conversation = PromptArgument::new(CONVERSATION)
        .with_description("The conversation's id")
        .with_required(true);
    let words = "Sum up one of your conversations";
    let prompt = Prompt::new(SUMMARIZE, Some(words), Some(vec![conversation]));
    ListPromptsResult::with_all_items(vec![prompt])
}

/// A prompt with what it is about.
pub(super) async fn get(
    state: &ApiState,
    asked: &Asked,
    request: &GetPromptRequestParams,
) -> Result<GetPromptResult, ErrorData> {
    if request.name != SUMMARIZE {
        let words = format!("Unknown prompt: {}", request.name);
        return Err(ErrorData::invalid_params(words, None));
    }
    let arguments = request.arguments.as_ref();
    let id = arguments.and_then(|arguments| arguments.get(CONVERSATION)?.as_str());
    let id = id.ok_or_else(|| {
        ErrorData::invalid_params("The argument 'conversation' is missing.", None::<Value>)
    })?;
    let uri = format!("jan://conversations/{id}");
    let contents = resources::contents(state, asked, &uri).await?;
    let wish = "Sum up this conversation: what was asked, what was found, and what is open.";
    Ok(GetPromptResult::new(vec![
        PromptMessage::new_text(Role::User, wish),
        PromptMessage::new(Role::User, ContentBlock::resource(contents)),
    ]))
}
