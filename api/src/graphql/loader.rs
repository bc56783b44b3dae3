//! What belongs to many things at once, by one statement for all of them.

use std::collections::HashMap;

use async_graphql::dataloader;
use jan_domain::caller::Owner;
use jan_domain::id::{ConversationId, ResponseId};
use jan_projections::{ItemRow, ItemsWanted, Order, Page, ReadModels, StepRow};

use super::conversation::Conversation;
use super::response::Response;
use crate::error::ApiError;

/// Loads what one caller may see.
pub(super) struct Loader {
    reads: ReadModels,
    owner: Owner,
}

/// A page of a conversation's items.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ItemsOf {
    pub(super) wanted: ItemsWanted,
    pub(super) limit: usize,
    pub(super) newest_first: bool,
}

/// The newest responses of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ResponsesOf {
    pub(super) conversation: ConversationId,
    pub(super) limit: usize,
}

/// The steps of a response that was loaded for the caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct StepsOf(pub(super) ResponseId);

impl Loader {
    pub(super) fn new(reads: ReadModels, owner: Owner) -> Self {
        Self { reads, owner }
    }
}

impl dataloader::Loader<ConversationId> for Loader {
    type Value = Conversation;
    type Error = ApiError;

    async fn load(
        &self,
        ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Conversation>, ApiError> {
        let rows = self.reads.conversations.find_many(&self.owner, ids).await?;
        let rows = rows.into_iter();
        Ok(rows.map(|row| (row.id.clone(), row.into())).collect())
    }
}

impl dataloader::Loader<ItemsOf> for Loader {
    type Value = Page<ItemRow>;
    type Error = ApiError;

    /// Asked for at one place of a document, all are of one length and order, and one statement.
    async fn load(&self, keys: &[ItemsOf]) -> Result<HashMap<ItemsOf, Page<ItemRow>>, ApiError> {
        let mut alike: HashMap<(usize, bool), Vec<ItemsWanted>> = HashMap::new();
        for key in keys {
            let same = alike.entry((key.limit, key.newest_first)).or_default();
            same.push(key.wanted.clone());
        }
        let mut found = HashMap::new();
        for ((limit, newest_first), wanted) in alike {
            let order = if newest_first {
                Order::NewestFirst
            } else {
                Order::OldestFirst
            };
            let conversations = &self.reads.conversations;
            let pages = conversations.items_of_many(&self.owner, &wanted, (limit, order));
            for (wanted, page) in pages.await? {
                let key = ItemsOf {
                    wanted,
                    limit,
                    newest_first,
                };
                found.insert(key, page);
            }
        }
        Ok(found)
    }
}

impl dataloader::Loader<ResponseId> for Loader {
    type Value = Response;
    type Error = ApiError;

    async fn load(&self, ids: &[ResponseId]) -> Result<HashMap<ResponseId, Response>, ApiError> {
        let rows = self.reads.runs.find_many(&self.owner, ids).await?;
        let rows = rows.into_iter();
        Ok(rows
            .map(|row| (row.id.clone(), Response::of_row(&row)))
            .collect())
    }
}

impl dataloader::Loader<ResponsesOf> for Loader {
    type Value = Vec<Response>;
    type Error = ApiError;

    async fn load(
        &self,
        keys: &[ResponsesOf],
    ) -> Result<HashMap<ResponsesOf, Vec<Response>>, ApiError> {
        let ids: Vec<_> = keys.iter().map(|key| key.conversation.clone()).collect();
        let most = keys.iter().map(|key| key.limit).max().unwrap_or_default();
        let runs = &self.reads.runs;
        let rows = runs.newest_of_many(&self.owner, &ids, most).await?;
        let of = |key: &ResponsesOf| {
            let mine = rows
                .iter()
                .filter(|row| row.conversation.as_ref() == Some(&key.conversation));
            mine.take(key.limit).map(Response::of_row).collect()
        };
        Ok(keys.iter().map(|key| (key.clone(), of(key))).collect())
    }
}

impl dataloader::Loader<StepsOf> for Loader {
    type Value = Vec<StepRow>;
    type Error = ApiError;

    async fn load(&self, keys: &[StepsOf]) -> Result<HashMap<StepsOf, Vec<StepRow>>, ApiError> {
        let ids: Vec<_> = keys.iter().map(|StepsOf(id)| id.clone()).collect();
        let steps = self.reads.runs.steps_of_many(&ids).await?;
        let steps = steps.into_iter();
        Ok(steps.map(|(id, steps)| (StepsOf(id), steps)).collect())
    }
}
