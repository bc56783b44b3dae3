use async_graphql::{Enum, ID, Json, Object};
use chrono::{DateTime, Utc};
use jan_domain::response::run::{StepOutcome, Work};
use jan_projections::StepRow;
use serde_json::{Value, json};

use super::token_usage::TokenUsage;
use crate::graphql::scalar::BigInt;

/// A step, and how its response ended if it has.
pub(super) struct Step {
    row: StepRow,
    ended: Option<(DateTime<Utc>, String)>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum StepType {
    /// A question to the model.
    Inference,
    /// A question to a tool server for its tools.
    ToolList,
    /// A call of a tool.
    ToolCall,
}

impl Step {
    /// `ended` is when and how its response ended: the last question to the model ends with it.
    pub(super) fn of(row: StepRow, ended: Option<(DateTime<Utc>, &str)>) -> Self {
        Self {
            row,
            ended: ended.map(|(at, status)| (at, status.to_owned())),
        }
    }

    fn ended_at(&self) -> Option<DateTime<Utc>> {
        let last = || self.ended.as_ref().map(|(at, _)| *at);
        let open = self.row.outcome.is_none();
        self.row.ended_at.or_else(|| last().filter(|_| open))
    }
}

/// A step of a response: it was planned on record before it was done.
#[Object]
impl Step {
    /// `step_…`
    async fn id(&self) -> ID {
        self.row.id.as_str().into()
    }

    /// Its place among the steps, from 0.
    async fn index(&self) -> i32 {
        self.row.index
    }

    /// What it does.
    #[graphql(name = "type")]
    async fn kind(&self) -> StepType {
        match self.row.work {
            Work::Infer => StepType::Inference,
            Work::ListTools { .. } => StepType::ToolList,
            Work::CallTool(_) => StepType::ToolCall,
        }
    }

    /// `in_progress`, `succeeded`, `failed`, `unknown`, or as its response ended.
    async fn status(&self) -> &str {
        match (&self.row.outcome, &self.ended) {
            (None, Some((_, status))) => status,
            _ => self.row.status.as_str(),
        }
    }

    /// When it was planned.
    async fn planned_at(&self) -> DateTime<Utc> {
        self.row.planned_at
    }

    /// When it ended, once it has.
    #[graphql(name = "endedAt")]
    async fn when_ended(&self) -> Option<DateTime<Utc>> {
        self.ended_at()
    }

    /// How long it took, in milliseconds.
    async fn duration_ms(&self) -> Option<BigInt> {
        let between = |at: DateTime<Utc>| (at - self.row.planned_at).num_milliseconds().max(0);
        let took = self.row.took_ms.or_else(|| self.ended_at().map(between));
        took.map(BigInt)
    }

    /// The model that answered, if it is known.
    async fn model(&self) -> Option<&str> {
        match &self.row.outcome {
            Some(StepOutcome::Said(said)) => Some(&said.model),
            _ => None,
        }
    }

    /// The tokens of a question to the model, if they are known.
    async fn usage(&self) -> Option<TokenUsage> {
        match &self.row.outcome {
            Some(StepOutcome::Said(said)) => Some(said.usage.into()),
            _ => None,
        }
    }

    /// The tool server, under the name that the response has for it.
    async fn server_label(&self) -> Option<String> {
        match &self.row.work {
            Work::Infer => None,
            Work::ListTools { server, .. } => text(server),
            Work::CallTool(used) => text(&used.server),
        }
    }

    /// The tool that is called.
    async fn tool(&self) -> Option<String> {
        match &self.row.work {
            Work::CallTool(used) => text(&used.tool),
            _ => None,
        }
    }

    /// What it is called with, as JSON text.
    async fn arguments(&self) -> Option<String> {
        match &self.row.work {
            Work::CallTool(used) => text(&used.arguments),
            _ => None,
        }
    }

    /// Whether it may be done twice: `pure`, `idempotent` or `unsafe`.
    async fn effect(&self) -> Option<String> {
        match &self.row.work {
            Work::CallTool(used) => text(&used.effect),
            _ => None,
        }
    }

    /// The item that shows the call.
    async fn item_id(&self) -> Option<ID> {
        match &self.row.work {
            Work::CallTool(used) => text(&used.item).map(ID::from),
            _ => None,
        }
    }

    /// What the tool gave.
    async fn output(&self) -> Option<Json<Value>> {
        match &self.row.outcome {
            Some(StepOutcome::Returned(told)) => Some(Json(json!(told.output))),
            _ => None,
        }
    }

    /// Why it gave nothing.
    async fn error(&self) -> Option<Json<Value>> {
        match &self.row.outcome {
            Some(StepOutcome::Failed(failure)) => Some(Json(json!(failure))),
            _ => None,
        }
    }
}

/// A name as it is written on the wire.
fn text(value: &impl serde::Serialize) -> Option<String> {
    match json!(value) {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}
