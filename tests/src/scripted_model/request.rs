//! The chat request, as far as the scripted model looks at it; unknown fields are ignored.

use serde::Deserialize;
use serde_json::Value;

use super::refusal::Refusal;

const N_MAX: usize = 128;

/// Body of `POST /v1/chat/completions`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    pub(super) messages: Vec<Value>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    n: Option<usize>,
    stop: Option<Stop>,
    max_tokens: Option<usize>,
    max_completion_tokens: Option<usize>,
    logprobs: Option<bool>,
    top_logprobs: Option<usize>,
    tools: Option<Vec<Value>>,
    tool_choice: Option<Value>,
    parallel_tool_calls: Option<bool>,
    pub(super) response_format: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct StreamOptions {
    pub(super) include_usage: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Stop {
    One(String),
    Several(Vec<String>),
}

impl ChatRequest {
    /// Parses and checks what no script could answer sensibly.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let request: Self =
            serde_json::from_slice(body).map_err(|error| Refusal::unreadable(&error))?;
        if request.model.is_empty() {
            return Err(Refusal::invalid(
                "you must provide a model parameter",
                "model",
            ));
        }
        if request.messages.is_empty() {
            return Err(Refusal::invalid("[] is too short - 'messages'", "messages"));
        }
        if !(1..=N_MAX).contains(&request.n()) {
            return Err(Refusal::invalid("'n' must lie between 1 and 128", "n"));
        }
        Ok(request)
    }

    pub(super) fn is_stream(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    pub(super) fn includes_usage(&self) -> bool {
        self.stream_options
            .as_ref()
            .and_then(|options| options.include_usage)
            .unwrap_or(false)
    }

    pub(super) fn n(&self) -> usize {
        self.n.unwrap_or(1)
    }

    pub(super) fn stops(&self) -> &[String] {
        match &self.stop {
            None => &[],
            Some(Stop::One(stop)) => std::slice::from_ref(stop),
            Some(Stop::Several(stops)) => stops,
        }
    }

    pub(super) fn words_max(&self) -> Option<usize> {
        self.max_completion_tokens.or(self.max_tokens)
    }

    /// How many alternatives to show per token; `None` when no logprobs are wanted.
    pub(super) fn logprobs(&self) -> Option<usize> {
        self.logprobs
            .unwrap_or(false)
            .then(|| self.top_logprobs.unwrap_or(0))
    }

    pub(super) fn allows_parallel_calls(&self) -> bool {
        self.parallel_tool_calls.unwrap_or(true)
    }

    /// True if the client offered the tool and did not forbid calling.
    pub(super) fn offers(&self, name: &str) -> bool {
        self.offered().any(|function| function["name"] == *name)
    }

    /// The function that `tool_choice` demands, whatever the prompt says.
    pub(super) fn demanded_function(&self) -> Option<&Value> {
        let choice = self.tool_choice.as_ref()?;
        match choice["function"]["name"].as_str() {
            Some(name) => self.offered().find(|function| function["name"] == *name),
            None if *choice == "required" => self.offered().next(),
            None => None,
        }
    }

    fn offered(&self) -> impl Iterator<Item = &Value> {
        let forbidden = self
            .tool_choice
            .as_ref()
            .is_some_and(|choice| *choice == "none");
        let tools = self.tools.iter().flatten().filter(move |_| !forbidden);
        tools.map(|tool| &tool["function"])
    }
}
