use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use jan_commands::run::{Outcome, RecordedRequest, RunEnding, RunWish};
use jan_domain::UserMetadata;
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::response::{Failure, FailureKind, IncompleteReason, Usage};
use jan_projections::{RunRow, RunStatus};
use serde_json::{Map, Value, json};

/// What a response object says of a response whatever becomes of it.
#[derive(Debug, Clone)]
pub(crate) struct Portrait {
    pub(crate) id: ResponseId,
    pub(crate) created_at: DateTime<Utc>,
    pub(super) model: String,
    pub(super) background: bool,
    pub(super) previous: Option<ResponseId>,
    pub(crate) conversation: Option<ConversationId>,
    pub(super) metadata: UserMetadata,
    shown: Map<String, Value>,
    include: BTreeSet<String>,
}

/// What it says of how far it got.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stand {
    pub(super) status: &'static str,
    pub(super) output: Value,
    pub(super) usage: Option<Usage>,
    pub(super) failure: Option<Failure>,
    pub(super) incomplete: Option<&'static str>,
    pub(super) completed_at: Option<DateTime<Utc>>,
}

impl Portrait {
    /// Of a response that is about to be accepted.
    pub(crate) fn of_wish(wish: &RunWish, id: ResponseId, created_at: DateTime<Utc>) -> Self {
        Self {
            id,
            created_at,
            model: wish.model.clone(),
            background: wish.background,
            previous: wish.previous.clone(),
            conversation: wish.conversation.clone(),
            metadata: wish.metadata.clone(),
            shown: wish.request.shown.clone(),
            include: wish.request.include.clone(),
        }
    }

    /// Of a response on record.
    pub(crate) fn of_row(row: &RunRow) -> Self {
        let request = row.request.as_ref().map(RecordedRequest::read);
        let request = request.unwrap_or_default();
        Self {
            id: row.id.clone(),
            created_at: row.created_at,
            model: row.model.clone(),
            background: row.background,
            previous: row.previous.clone(),
            conversation: row.conversation.clone(),
            metadata: row.metadata.clone(),
            shown: request.shown,
            include: request.include,
        }
    }

    /// Also shows what a reader asks to be included.
    pub(super) fn including(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.include.extend(names);
        self
    }

    /// The whole object, in OpenAI's shape.
    pub(crate) fn object(&self, stand: Stand) -> Value {
        let mut object = self.shown.clone();
        let error = stand.failure.as_ref().map(error_of);
        let incomplete = stand.incomplete.map(|reason| json!({"reason": reason}));
        let mut output = stand.output;
        for item in output.as_array_mut().into_iter().flatten() {
            self.leave_out(item);
        }
        let fields = [
            ("id", json!(self.id)),
            ("object", json!("response")),
            ("created_at", json!(self.created_at.timestamp())),
            ("status", json!(stand.status)),
            ("background", json!(self.background)),
            (
                "completed_at",
                json!(stand.completed_at.map(|at| at.timestamp())),
            ),
            ("error", json!(error)),
            ("incomplete_details", json!(incomplete)),
            ("model", json!(self.model)),
            ("output", output),
            ("previous_response_id", json!(self.previous)),
            ("usage", json!(stand.usage.map(usage_of))),
            ("metadata", json!(self.metadata)),
        ];
        for (name, value) in fields {
            object.insert(name.to_owned(), value);
        }
        if let Some(id) = &self.conversation {
            object.insert("conversation".to_owned(), json!({"id": id}));
        }
        Value::Object(object)
    }

    /// Leaves out of an item what is only shown when it was asked for, and adds what is only made then.
    pub(super) fn leave_out(&self, item: &mut Value) {
        let wanted = |name: &str| self.include.contains(name);
        match item["type"].as_str() {
            Some("reasoning") if wanted("reasoning.encrypted_content") => seal(item),
            Some("file_search_call") if !wanted("file_search_call.results") => {
                item["results"] = Value::Null;
            }
            Some("web_search_call") if !wanted("web_search_call.action.sources") => {
                if let Some(action) = item["action"].as_object_mut() {
                    action.remove("sources");
                }
            }
            Some("code_interpreter_call") if !wanted("code_interpreter_call.outputs") => {
                item["outputs"] = Value::Null;
            }
            _ => {}
        }
    }
}

impl Stand {
    /// Under way.
    pub(crate) fn open(status: &'static str) -> Self {
        Self {
            status,
            output: json!([]),
            ..Self::default()
        }
    }

    /// At its end.
    pub(crate) fn ended(outcome: &Outcome) -> Self {
        let mut stand = Self {
            output: json!(outcome.output),
            usage: outcome.usage,
            ..Self::default()
        };
        match &outcome.ending {
            RunEnding::Completed => {
                stand.status = "completed";
                stand.completed_at = Some(outcome.at);
            }
            RunEnding::Incomplete(reason) => {
                stand.status = "incomplete";
                stand.incomplete = Some(reason.as_str());
            }
            RunEnding::Failed(failure) => {
                stand.status = "failed";
                stand.failure = Some(failure.clone());
            }
            RunEnding::Cancelled => stand.status = "cancelled",
        }
        stand
    }

    /// As it is on record; `output` is what its steps have brought so far.
    pub(crate) fn of_row(row: &RunRow, output: Value) -> Self {
        let kept = row.output.as_ref().and_then(|json| json.read().ok());
        Self {
            status: row.status.as_str(),
            output: kept.filter(Value::is_array).unwrap_or(output),
            usage: row.usage,
            failure: row.failure.clone(),
            incomplete: row.incomplete.map(IncompleteReason::as_str),
            completed_at: row.ended_at.filter(|_| row.status == RunStatus::Completed),
        }
    }
}

/// Thoughts as clients that keep them bring them back: one opaque text. Nothing is secret about it, the
/// thoughts stand beside it; clients without a store drop what has no such text.
fn seal(item: &mut Value) {
    if item["encrypted_content"].is_null() {
        let thoughts = item["content"].to_string();
        item["encrypted_content"] = json!(STANDARD.encode(thoughts));
    }
}

/// A failure as the response object and the stream tell it.
pub(super) fn error_of(failure: &Failure) -> Value {
    json!({"code": code_of(failure.kind), "message": failure.message})
}

pub(super) fn code_of(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::ProviderOverloaded => "rate_limit_exceeded",
        FailureKind::ProviderRejected => "invalid_prompt",
        FailureKind::ToolOutcomeUnknown | FailureKind::TooManyAttempts | FailureKind::NodeLost => {
            kind.as_str()
        }
        FailureKind::ProviderUnreachable
        | FailureKind::ProviderError
        | FailureKind::ProviderUnauthorized
        | FailureKind::ProviderGarbled
        | FailureKind::ProviderCut
        | FailureKind::ProviderStalled
        | FailureKind::Internal => "server_error",
    }
}

/// Usage in the words of responses.
pub(super) fn usage_of(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens(),
    })
}
