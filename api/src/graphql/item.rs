use async_graphql::{Context, ID, Json, Object};
use chrono::{DateTime, Utc};
use jan_commands::run::response_of;
use jan_domain::id::ItemId;
use jan_projections::{ItemRow, ReadModel};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::asking::Asking;
use super::response::Response;
use super::scalar::BigInt;
use crate::error::ApiError;

/// An item, as it goes on the wire of the REST API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Item {
    body: Value,
    /// Known of items of conversations only.
    place: Option<i64>,
    added_at: Option<DateTime<Utc>>,
}

impl Item {
    /// In a conversation.
    pub(super) fn of_row(row: &ItemRow) -> Self {
        Self {
            body: row.body.read().unwrap_or_default(),
            place: Some(row.sequence_number),
            added_at: Some(row.created_at),
        }
    }

    /// By itself.
    pub(super) fn of(body: Value) -> Self {
        Self {
            body,
            place: None,
            added_at: None,
        }
    }

    fn text_of(&self, name: &str) -> Option<&str> {
        self.body[name].as_str()
    }
}

/// An item of a conversation or a response: a message, a thought, a call of a tool, or what came of
/// one. What all have in common has fields of its own; the rest is in `body`.
#[Object]
impl Item {
    /// Unique within its conversation or response.
    async fn id(&self) -> ID {
        self.text_of("id").unwrap_or_default().into()
    }

    /// `message`, `reasoning`, `function_call`, `function_call_output`, `mcp_call` and so on.
    #[graphql(name = "type")]
    async fn kind(&self) -> &str {
        self.text_of("type").unwrap_or_default()
    }

    /// `in_progress`, `completed`, `incomplete` or `failed`.
    async fn status(&self) -> Option<&str> {
        self.text_of("status")
    }

    /// Who said it, if it is a message.
    async fn role(&self) -> Option<&str> {
        self.text_of("role")
    }

    /// Its words, if it has any.
    async fn text(&self) -> Option<String> {
        let parts = self.body["content"].as_array()?;
        let words: Vec<&str> = parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect();
        (!words.is_empty()).then(|| words.concat())
    }

    /// The whole item, in the shape of OpenAI's items.
    async fn body(&self) -> Json<Value> {
        Json(self.body.clone())
    }

    /// Its place among all items that its conversation ever had, from 1.
    async fn sequence_number(&self) -> Option<BigInt> {
        self.place.map(BigInt)
    }

    /// When it was added to its conversation.
    async fn created_at(&self) -> Option<DateTime<Utc>> {
        self.added_at
    }

    /// The stored response that brought it forth, if one did.
    async fn response(&self, ctx: &Context<'_>) -> Result<Option<Response>, ApiError> {
        let id = self.text_of("id").and_then(|id| ItemId::parse(id).ok());
        let Some(response) = id.as_ref().and_then(response_of) else {
            return Ok(None);
        };
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Runs).await?;
        asking.loader.load_one(response).await
    }
}
