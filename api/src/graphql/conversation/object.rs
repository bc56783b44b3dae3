use std::sync::Arc;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object};
use chrono::{DateTime, Utc};
use jan_domain::UserMetadata;
use jan_domain::conversation::LiveConversation;
use jan_domain::id::ConversationId;
use jan_projections::{ConversationRow, ItemsWanted, Order, Page, ReadModel};
use serde::{Deserialize, Serialize};

use super::past::{Past, PastMoment};
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::item::Item;
use crate::graphql::loader::{ItemsOf, ResponsesOf};
use crate::graphql::paging::{Paging, length};
use crate::graphql::response::Response;
use crate::graphql::scalar::Metadata;

/// A conversation as a reader or a command told it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::graphql) struct Conversation {
    pub(in crate::graphql) id: ConversationId,
    title: Option<String>,
    referrer: Option<String>,
    metadata: UserMetadata,
    created_at: DateTime<Utc>,
    /// Known to the read model only.
    updated_at: Option<DateTime<Utc>>,
    /// What it held then, if it is shown as it stood.
    #[serde(skip)]
    pub(super) past: Option<Arc<Past>>,
}

impl From<ConversationRow> for Conversation {
    fn from(row: ConversationRow) -> Self {
        Self {
            id: row.id,
            title: row.title,
            referrer: row.referrer,
            metadata: row.metadata,
            created_at: row.created_at,
            updated_at: Some(row.updated_at),
            past: None,
        }
    }
}

impl Conversation {
    /// As a command left it.
    pub(in crate::graphql) fn of(id: ConversationId, live: LiveConversation) -> Self {
        Self {
            id,
            title: live.title,
            referrer: live.referrer,
            metadata: live.metadata,
            created_at: live.created_at,
            updated_at: None,
            past: None,
        }
    }
}

/// A conversation: its items, in the order they were added, are what a model is shown.
#[Object]
impl Conversation {
    /// `conv_…`, as in the REST API.
    pub(in crate::graphql) async fn id(&self) -> ID {
        self.id.as_str().into()
    }

    /// What it is called, once it is.
    async fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Where it came from, in the client's words.
    async fn referrer(&self) -> Option<&str> {
        self.referrer.as_deref()
    }

    /// The client's own pairs.
    async fn metadata(&self) -> Metadata {
        (&self.metadata).into()
    }

    /// When it began.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// The moment that is shown, if it is one of the past.
    async fn as_of(&self) -> Option<PastMoment> {
        self.past.as_ref().map(|past| past.moment.clone())
    }

    /// When anything about it last changed.
    async fn updated_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime<Utc>>, ApiError> {
        if let Some(past) = &self.past {
            return Ok(Some(past.moment.at));
        }
        if self.updated_at.is_some() {
            return Ok(self.updated_at);
        }
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Conversations).await?;
        let known = asking.loader.load_one(self.id.clone()).await?;
        Ok(known.and_then(|known| known.updated_at))
    }

    /// Its items, the oldest first: `first` reads from the beginning on, `last` from the end back.
    /// At most 100 at once, 20 when nothing is said.
    async fn items(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<String, Item, EmptyFields, EmptyFields>>, ApiError> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let window = paging.window()?;
        let beyond = window.beyond.as_deref().map(str::parse).transpose();
        let beyond = beyond.map_err(|_| window.unknown_cursor(&"expected a number"))?;
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Conversations).await?;
        let conversation = self.id.clone();
        let wanted = ItemsOf {
            wanted: ItemsWanted {
                conversation,
                beyond,
            },
            limit: window.limit,
            newest_first: window.order(Order::OldestFirst) == Order::NewestFirst,
        };
        let page = match &self.past {
            Some(past) => Some(past.page(&wanted)),
            None => asking.loader.load_one(wanted).await?,
        };
        let page = page.unwrap_or(Page {
            items: Vec::new(),
            has_more: false,
        });
        Ok(Some(window.connect(page, |row| {
            let cursor = row.sequence_number.to_string();
            (cursor, Item::of_row(&row))
        })))
    }

    /// The newest stored responses that continue it today, the newest first. At most 100, 20 when nothing
    /// is said.
    async fn responses(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
    ) -> Result<Option<Vec<Response>>, ApiError> {
        let limit = length(first, "first")?;
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Runs).await?;
        let wanted = ResponsesOf {
            conversation: self.id.clone(),
            limit,
        };
        asking.loader.load_one(wanted).await
    }
}
