use async_graphql::{Context, ID, Json, Object};
use chrono::{DateTime, Utc};
use jan_commands::response::StoredAnswer;
use jan_domain::UserMetadata;
use jan_domain::id::ResponseId;
use jan_domain::response::{Answer, Usage};
use jan_projections::{ReadModel, ResponseRow};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::response::TokenUsage;
use crate::graphql::scalar::Metadata;

/// A completion as it was answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::graphql) struct StoredCompletion {
    pub(in crate::graphql) id: ResponseId,
    created_at: DateTime<Utc>,
    answer: Answer,
    usage: Usage,
    metadata: UserMetadata,
}

impl StoredCompletion {
    /// As a command left it.
    pub(super) fn of(id: ResponseId, stored: StoredAnswer) -> Self {
        Self {
            id,
            created_at: stored.requested_at,
            answer: stored.answer,
            usage: stored.usage,
            metadata: stored.metadata,
        }
    }

    /// A row that has an answer; one without is not there yet, or never will be.
    pub(super) fn of_row(row: ResponseRow) -> Option<Self> {
        Some(Self {
            answer: row.answer?,
            id: row.id,
            created_at: row.created_at,
            usage: row.usage.unwrap_or_default(),
            metadata: row.metadata,
        })
    }
}

/// A chat completion that was stored to be read back.
#[Object]
impl StoredCompletion {
    /// `chatcmpl-…`, as in the REST API.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.id.as_str().into()
    }

    /// When it was accepted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// The model that answered.
    async fn model(&self) -> &str {
        &self.answer.model
    }

    /// The messages it was asked with, in the shape of OpenAI's messages.
    async fn messages(&self, ctx: &Context<'_>) -> Result<Option<Vec<Json<Value>>>, ApiError> {
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Responses).await?;
        let owner = &asking.caller.owner;
        let row = asking
            .reads()
            .responses
            .find_stored(owner, &self.id)
            .await?;
        let asked = row.and_then(|row| row.request?.read::<Value>().ok());
        let messages = asked.and_then(|mut asked| match asked["messages"].take() {
            Value::Array(messages) => Some(messages),
            _ => None,
        });
        let messages = messages.unwrap_or_default().into_iter();
        Ok(Some(messages.map(Json).collect()))
    }

    /// The answers, as many as were asked for, in the shape of OpenAI's choices.
    async fn choices(&self) -> Json<Value> {
        Json(self.answer.body.read().unwrap_or_default())
    }

    /// The words of the first answer.
    async fn text(&self) -> Option<String> {
        let choices: Value = self.answer.body.read().ok()?;
        let words = choices[0]["message"]["content"].as_str();
        words.map(str::to_owned)
    }

    /// What it cost.
    async fn usage(&self) -> TokenUsage {
        self.usage.into()
    }

    /// The client's own pairs.
    async fn metadata(&self) -> Metadata {
        (&self.metadata).into()
    }

    /// The tier the provider served from.
    async fn service_tier(&self) -> Option<&str> {
        self.answer.service_tier.as_deref()
    }

    /// The provider's configuration mark.
    async fn system_fingerprint(&self) -> Option<&str> {
        self.answer.system_fingerprint.as_deref()
    }
}
