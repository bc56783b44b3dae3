use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Said, ToolUse};
use crate::id::{ItemId, StepId};
use crate::response::EffectClass;
use crate::response::step::step_id;

/// One step of a run: an effect that is about to happen, recorded before it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Derived from the run's first step and this one's place: planning again gives the same.
    pub id: StepId,
    /// Its place among the steps, from 0.
    pub index: u32,
    /// What is to be done.
    pub work: Work,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Ask the model.
    Infer,
    /// Ask a tool server what it offers.
    ListTools {
        /// Its label.
        server: String,
        /// The item that shows the list; `None` when it is not shown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        item: Option<ItemId>,
    },
    /// Call a tool.
    CallTool(ToolUse),
}

impl Work {
    /// What may be done when the outcome is not known.
    pub fn effect(&self) -> EffectClass {
        match self {
            // Asking again costs money, but changes nothing.
            Self::Infer | Self::ListTools { .. } => EffectClass::Pure,
            Self::CallTool(use_) => use_.effect,
        }
    }
}

impl Step {
    /// The step at place `index` of the run that began with the step `root`.
    pub fn at(root: &StepId, index: u32, work: Work) -> Self {
        let detail = match &work {
            Work::Infer => "infer".to_owned(),
            Work::ListTools { server, .. } => format!("list\0{server}"),
            Work::CallTool(used) => {
                format!("call\0{}\0{}\0{}", used.server, used.tool, used.arguments)
            }
        };
        let place = index.to_be_bytes();
        Self {
            id: step_id(&[root.as_str().as_bytes(), &place, detail.as_bytes()]),
            index,
            work,
        }
    }
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// The model answered.
    Said(Said),
    /// The server told what it offers.
    Listed(Vec<ListedTool>),
    /// The tool gave something back, if only its own error.
    Returned(ToolReturn),
    /// The server gave no list, or the call failed; the run goes on and the model is told.
    Failed(StepFailure),
    /// Nobody knows whether the effect happened, and it must not happen twice.
    Unknown,
}

/// A tool as its server offers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ListedTool {
    /// Its name at its server.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// MCP's hints, as the server gave them.
    pub annotations: Option<Value>,
    /// What they mean for a crash.
    pub effect: EffectClass,
}

/// What a tool gave back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolReturn {
    /// What the model is told.
    pub output: String,
    /// Whether the tool says that it failed.
    pub is_error: bool,
    /// The result as one JSON value, from tools that give one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structured: Option<Value>,
    /// The MCP content blocks, where somebody sees them who is no model and `output` does not say
    /// it all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Value>,
}

/// Why a step gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFailure {
    /// A stable name, such as `timed_out`.
    pub code: String,
    /// A sentence that is safe to show to the caller and the model.
    pub message: String,
}
