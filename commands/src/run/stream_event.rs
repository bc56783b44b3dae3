use chrono::{DateTime, Utc};
use jan_domain::id::ItemId;
use jan_domain::item::Item;
use jan_domain::response::{Failure, IncompleteReason, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One event of a run's stream, in OpenAI's words and without its number. The events that carry the
/// whole response name only what changed; whoever tells them on knows the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
pub enum StreamEvent {
    /// The first of every stream.
    #[serde(rename = "response.created")]
    Created,
    /// It waits for a process.
    #[serde(rename = "response.queued")]
    Queued,
    /// A process carries it.
    #[serde(rename = "response.in_progress")]
    InProgress,
    /// An output item begins.
    #[serde(rename = "response.output_item.added")]
    ItemAdded {
        /// Its place among the output items.
        output_index: usize,
        /// As it begins.
        item: Value,
    },
    /// An output item is finished.
    #[serde(rename = "response.output_item.done")]
    ItemDone {
        /// Its place among the output items.
        output_index: usize,
        /// As it is.
        item: Value,
    },
    /// A part of a message begins.
    #[serde(rename = "response.content_part.added")]
    PartAdded(Part),
    /// A part of a message is finished.
    #[serde(rename = "response.content_part.done")]
    PartDone(Part),
    /// More words.
    #[serde(rename = "response.output_text.delta")]
    TextDelta {
        /// Where.
        #[serde(flatten)]
        at: PartPlace,
        /// The words.
        delta: String,
        /// Their log-probabilities, if they were asked for.
        logprobs: Vec<Value>,
    },
    /// All words of a part.
    #[serde(rename = "response.output_text.done")]
    TextDone {
        /// Where.
        #[serde(flatten)]
        at: PartPlace,
        /// The words.
        text: String,
        /// Their log-probabilities, if they were asked for.
        logprobs: Vec<Value>,
    },
    /// Something that the words of a part cite.
    #[serde(rename = "response.output_text.annotation.added")]
    AnnotationAdded {
        /// Where.
        #[serde(flatten)]
        at: PartPlace,
        /// Its place among the part's annotations.
        annotation_index: usize,
        /// What is cited, and where.
        annotation: Value,
    },
    /// More words of a refusal.
    #[serde(rename = "response.refusal.delta")]
    RefusalDelta {
        /// Where.
        #[serde(flatten)]
        at: PartPlace,
        /// The words.
        delta: String,
    },
    /// All words of a refusal.
    #[serde(rename = "response.refusal.done")]
    RefusalDone {
        /// Where.
        #[serde(flatten)]
        at: PartPlace,
        /// The words.
        refusal: String,
    },
    /// More thoughts.
    #[serde(rename = "response.reasoning_text.delta")]
    ReasoningDelta {
        /// Where.
        #[serde(flatten)]
        at: PartPlace,
        /// The thoughts.
        delta: String,
    },
    /// All thoughts.
    #[serde(rename = "response.reasoning_text.done")]
    ReasoningDone {
        /// Where.
        #[serde(flatten)]
        at: PartPlace,
        /// The thoughts.
        text: String,
    },
    /// More of a call's arguments.
    #[serde(rename = "response.function_call_arguments.delta")]
    ArgumentsDelta {
        /// Where.
        #[serde(flatten)]
        at: ItemPlace,
        /// JSON text.
        delta: String,
    },
    /// All arguments of a call.
    #[serde(rename = "response.function_call_arguments.done")]
    ArgumentsDone {
        /// Where.
        #[serde(flatten)]
        at: ItemPlace,
        /// The function.
        name: String,
        /// JSON text.
        arguments: String,
    },
    /// More of a custom tool's input.
    #[serde(rename = "response.custom_tool_call_input.delta")]
    InputDelta {
        /// Where.
        #[serde(flatten)]
        at: ItemPlace,
        /// Text.
        delta: String,
    },
    /// All of a custom tool's input.
    #[serde(rename = "response.custom_tool_call_input.done")]
    InputDone {
        /// Where.
        #[serde(flatten)]
        at: ItemPlace,
        /// Text.
        input: String,
    },
    /// The arguments of a call of a server-side tool, in one piece.
    #[serde(rename = "response.mcp_call_arguments.delta")]
    McpArgumentsDelta {
        /// Where.
        #[serde(flatten)]
        at: ItemPlace,
        /// JSON text.
        delta: String,
    },
    /// The same, whole.
    #[serde(rename = "response.mcp_call_arguments.done")]
    McpArgumentsDone {
        /// Where.
        #[serde(flatten)]
        at: ItemPlace,
        /// JSON text.
        arguments: String,
    },
    /// The code that is about to run, in one piece.
    #[serde(rename = "response.code_interpreter_call_code.delta")]
    CodeDelta {
        /// Where.
        #[serde(flatten)]
        at: ItemPlace,
        /// The code.
        delta: String,
    },
    /// The same, whole.
    #[serde(rename = "response.code_interpreter_call_code.done")]
    CodeDone {
        /// Where.
        #[serde(flatten)]
        at: ItemPlace,
        /// The code.
        code: String,
    },
    /// A list of tools is being fetched.
    #[serde(rename = "response.mcp_list_tools.in_progress")]
    ListInProgress(ItemPlace),
    /// It is there.
    #[serde(rename = "response.mcp_list_tools.completed")]
    ListCompleted(ItemPlace),
    /// It cannot be had.
    #[serde(rename = "response.mcp_list_tools.failed")]
    ListFailed(ItemPlace),
    /// A call is being made.
    #[serde(rename = "response.mcp_call.in_progress")]
    McpInProgress(ItemPlace),
    /// It gave something.
    #[serde(rename = "response.mcp_call.completed")]
    McpCompleted(ItemPlace),
    /// It gave nothing.
    #[serde(rename = "response.mcp_call.failed")]
    McpFailed(ItemPlace),
    /// A search of the web begins.
    #[serde(rename = "response.web_search_call.in_progress")]
    WebSearchInProgress(ItemPlace),
    /// It is under way.
    #[serde(rename = "response.web_search_call.searching")]
    WebSearchSearching(ItemPlace),
    /// It has ended.
    #[serde(rename = "response.web_search_call.completed")]
    WebSearchCompleted(ItemPlace),
    /// A search of files begins.
    #[serde(rename = "response.file_search_call.in_progress")]
    FileSearchInProgress(ItemPlace),
    /// It is under way.
    #[serde(rename = "response.file_search_call.searching")]
    FileSearchSearching(ItemPlace),
    /// It has ended.
    #[serde(rename = "response.file_search_call.completed")]
    FileSearchCompleted(ItemPlace),
    /// Code is about to run.
    #[serde(rename = "response.code_interpreter_call.in_progress")]
    CodeInProgress(ItemPlace),
    /// It runs.
    #[serde(rename = "response.code_interpreter_call.interpreting")]
    CodeInterpreting(ItemPlace),
    /// It has ended.
    #[serde(rename = "response.code_interpreter_call.completed")]
    CodeCompleted(ItemPlace),
    /// What went wrong; `response.failed` follows.
    #[serde(rename = "error")]
    Error(Failure),
    /// The last of every stream.
    #[serde(rename = "response.ended")]
    Ended(Box<Outcome>),
}

/// Where an output item is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemPlace {
    /// Its id.
    pub item_id: ItemId,
    /// Its place among the output items.
    pub output_index: usize,
}

/// Where a part of an output item is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartPlace {
    /// The item's id.
    pub item_id: ItemId,
    /// The item's place among the output items.
    pub output_index: usize,
    /// The part's place within the item.
    pub content_index: usize,
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Where.
    #[serde(flatten)]
    pub at: PartPlace,
    /// As it is.
    pub part: Value,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which way.
    pub ending: RunEnding,
    /// The output items.
    pub output: Vec<Item>,
    /// What it cost; `None` when nothing was counted.
    pub usage: Option<Usage>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Which way a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnding {
    /// Whole.
    Completed,
    /// Cut short.
    Incomplete(IncompleteReason),
    /// Without an answer.
    Failed(Failure),
    /// Stopped by its caller.
    Cancelled,
}

impl StreamEvent {
    /// Whether nothing follows.
    pub fn is_last(&self) -> bool {
        matches!(self, Self::Ended(_))
    }
}
