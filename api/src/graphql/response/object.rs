use async_graphql::{Context, Enum, ID, Json, Object, SimpleObject};
use chrono::{DateTime, Utc};
use jan_domain::UserMetadata;
use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::response::run::shown;
use jan_projections::{ReadModel, RunRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::step::Step;
use super::token_usage::TokenUsage;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::conversation::{self, Conversation};
use crate::graphql::item::Item;
use crate::graphql::loader::StepsOf;
use crate::graphql::scalar::{BigInt, Metadata};
use crate::rest::responses::{Portrait, Stand};

/// A response: what the REST API shows of it, and what only the record knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::graphql) struct Response {
    pub(in crate::graphql) id: ResponseId,
    shown: Value,
    input: Vec<Value>,
    created_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    conversation: Option<ConversationId>,
    /// Whether more may come of it.
    open: bool,
}

/// How far a response got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum ResponseStatus {
    /// Waits for a process.
    Queued,
    /// Under way.
    InProgress,
    /// Whole.
    Completed,
    /// Cut short.
    Incomplete,
    /// Without an answer.
    Failed,
    /// Stopped by its caller.
    Cancelled,
}

/// Why there is no answer.
#[derive(Debug, SimpleObject)]
struct ResponseFailure {
    /// Stable: `server_error`, `rate_limit_exceeded` and so on.
    code: String,
    /// A sentence for people.
    message: String,
}

impl Response {
    /// One on record.
    pub(in crate::graphql) fn of_row(row: &RunRow) -> Self {
        let input = row.input.as_ref().and_then(|json| json.read().ok());
        Self {
            id: row.id.clone(),
            shown: Portrait::of_row(row).object(Stand::of_row(row, json!([]))),
            input: input.unwrap_or_default(),
            created_at: row.created_at,
            ended_at: row.ended_at,
            conversation: row.conversation.clone(),
            open: !row.status.is_final(),
        }
    }

    /// One that was just made, also if nothing of it is kept.
    pub(in crate::graphql) fn of_stand(
        portrait: &Portrait,
        stand: Stand,
        (input, ended_at): (Vec<Value>, Option<DateTime<Utc>>),
    ) -> Self {
        Self {
            id: portrait.id.clone(),
            input,
            created_at: portrait.created_at,
            ended_at,
            conversation: portrait.conversation.clone(),
            shown: portrait.object(stand),
            open: ended_at.is_none(),
        }
    }

    fn text_of(&self, name: &str) -> Option<&str> {
        self.shown[name].as_str()
    }

    /// The output items; of one that is under way, those that its steps have brought so far.
    async fn items(&self, ctx: &Context<'_>) -> Result<Vec<Value>, ApiError> {
        if !self.open {
            let output = self.shown["output"].as_array();
            return Ok(output.cloned().unwrap_or_default());
        }
        let steps = Asking::of(ctx).loader.load_one(StepsOf(self.id.clone()));
        let steps = steps.await?.unwrap_or_default();
        let items = steps
            .iter()
            .flat_map(|step| shown(&step.work, step.outcome.as_ref()));
        Ok(items.map(|item| json!(item)).collect())
    }
}

/// A response: a question to a model, the tools it used, and its answer.
#[Object]
impl Response {
    /// `resp_…`, as in the REST API.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.id.as_str().into()
    }

    /// How far it got.
    async fn status(&self) -> ResponseStatus {
        match self.text_of("status") {
            Some("queued") => ResponseStatus::Queued,
            Some("completed") => ResponseStatus::Completed,
            Some("incomplete") => ResponseStatus::Incomplete,
            Some("failed") => ResponseStatus::Failed,
            Some("cancelled") => ResponseStatus::Cancelled,
            _ => ResponseStatus::InProgress,
        }
    }

    /// The model that was asked for.
    async fn model(&self) -> &str {
        self.text_of("model").unwrap_or_default()
    }

    /// Whether it runs without its client.
    async fn background(&self) -> bool {
        self.shown["background"] == true
    }

    /// When it was accepted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// When it ended, once it has.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.ended_at
    }

    /// What the model was told first.
    async fn instructions(&self) -> Option<Json<Value>> {
        let told = &self.shown["instructions"];
        (!told.is_null()).then(|| Json(told.clone()))
    }

    /// The items that the request brought.
    async fn input(&self) -> Vec<Item> {
        self.input.iter().cloned().map(Item::of).collect()
    }

    /// The items that came of it, so far.
    async fn output(&self, ctx: &Context<'_>) -> Result<Option<Vec<Item>>, ApiError> {
        let items = self.items(ctx).await?;
        Ok(Some(items.into_iter().map(Item::of).collect()))
    }

    /// The words of all messages among them.
    async fn output_text(&self, ctx: &Context<'_>) -> Result<Option<String>, ApiError> {
        let items = self.items(ctx).await?;
        let messages = items.iter().filter(|item| item["type"] == "message");
        let parts = messages.filter_map(|item| item["content"].as_array());
        let words = parts.flatten().filter_map(|part| part["text"].as_str());
        Ok(Some(words.collect()))
    }

    /// What it cost, once it has ended.
    async fn usage(&self) -> Option<TokenUsage> {
        let usage = self.shown["usage"].as_object()?;
        let count = |value: &Value| BigInt(value.as_i64().unwrap_or_default());
        Some(TokenUsage {
            input_tokens: count(&usage["input_tokens"]),
            cached_tokens: count(&usage["input_tokens_details"]["cached_tokens"]),
            output_tokens: count(&usage["output_tokens"]),
            reasoning_tokens: count(&usage["output_tokens_details"]["reasoning_tokens"]),
            total_tokens: count(&usage["total_tokens"]),
        })
    }

    /// Why there is no answer, if it failed.
    async fn error(&self) -> Option<ResponseFailure> {
        let error = self.shown["error"].as_object()?;
        let text = |name: &str| {
            let text = error.get(name).and_then(Value::as_str);
            text.unwrap_or_default().to_owned()
        };
        Some(ResponseFailure {
            code: text("code"),
            message: text("message"),
        })
    }

    /// Why it is not whole, if it is incomplete.
    async fn incomplete_reason(&self) -> Option<&str> {
        self.shown["incomplete_details"]["reason"].as_str()
    }

    /// The client's own pairs.
    async fn metadata(&self) -> Metadata {
        let pairs = serde_json::from_value::<UserMetadata>(self.shown["metadata"].clone());
        (&pairs.unwrap_or_default()).into()
    }

    /// The conversation that it continues.
    async fn conversation(&self, ctx: &Context<'_>) -> Result<Option<Conversation>, ApiError> {
        match &self.conversation {
            Some(id) => conversation::find(Asking::of(ctx), id.clone()).await,
            None => Ok(None),
        }
    }

    /// The response that it continues, if that is stored.
    async fn previous_response(&self, ctx: &Context<'_>) -> Result<Option<Self>, ApiError> {
        let previous = self.text_of("previous_response_id");
        let Some(previous) = previous.and_then(|id| ResponseId::parse(id).ok()) else {
            return Ok(None);
        };
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Runs).await?;
        asking.loader.load_one(previous).await
    }

    /// What it did, step by step: questions to the model, lists of tools, calls of tools. None, if
    /// it is not stored.
    async fn steps(&self, ctx: &Context<'_>) -> Result<Option<Vec<Step>>, ApiError> {
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Runs).await?;
        let steps = asking.loader.load_one(StepsOf(self.id.clone())).await?;
        let last = self.ended_at.filter(|_| !self.open);
        let status = self.text_of("status").unwrap_or_default();
        let steps = steps.unwrap_or_default().into_iter();
        let ended = last.map(|at| (at, status));
        Ok(Some(steps.map(|row| Step::of(row, ended)).collect()))
    }

    /// The whole response, in the shape of OpenAI's response object.
    async fn body(&self) -> Json<Value> {
        Json(self.shown.clone())
    }
}
