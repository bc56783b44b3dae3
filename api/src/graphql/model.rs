use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use jan_domain::ports::ModelEntry;

use super::asking::Asking;

/// What is asked about models.
#[derive(Default)]
pub(super) struct ModelQuery;

/// A model on offer.
#[derive(SimpleObject)]
struct Model {
    /// The name to ask for.
    id: ID,
    /// When it was made, if its provider says so.
    created_at: Option<DateTime<Utc>>,
    /// The provider.
    owned_by: String,
}

impl From<ModelEntry> for Model {
    fn from(entry: ModelEntry) -> Self {
        Self {
            id: entry.id.into(),
            created_at: DateTime::from_timestamp(entry.created, 0),
            owned_by: entry.owned_by,
        }
    }
}

#[Object]
impl ModelQuery {
    /// The models that can be asked for, in the operator's order.
    async fn models(&self, ctx: &Context<'_>) -> Vec<Model> {
        let models = Asking::of(ctx).state.commands.models.list();
        models.into_iter().map(Model::from).collect()
    }

    /// One of them, by its name.
    async fn model(&self, ctx: &Context<'_>, id: ID) -> Option<Model> {
        let models = Asking::of(ctx).state.commands.models.list();
        let mut models = models.into_iter();
        models.find(|entry| entry.id == *id).map(Model::from)
    }
}
