use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use jan_domain::id::ConversationId;
use jan_projections::{Order, ReadModel};

use super::{Conversation, past};
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::moment;
use crate::graphql::paging::Paging;
use crate::graphql::scalar::BigInt;

/// What is asked about conversations.
#[derive(Default)]
pub(in crate::graphql) struct ConversationQuery;

/// What a list knows beside its entries.
#[derive(SimpleObject)]
struct Counted {
    /// How many there are in all, under the same filter.
    total_count: BigInt,
}

#[Object]
impl ConversationQuery {
    /// One of your conversations, as it is, or as it stood: also one that was deleted since. Somebody
    /// else's is not there.
    async fn conversation(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "After so many events of its own, from 1.")] at_version: Option<BigInt>,
        #[graphql(desc = "At this time.")] at_time: Option<DateTime<Utc>>,
        #[graphql(desc = "When the log had come to this position.")] at_position: Option<BigInt>,
    ) -> Result<Option<Conversation>, ApiError> {
        let (asking, id) = (Asking::of(ctx), id_of(&id, "id")?);
        match moment::asked(at_version, at_time, at_position)? {
            Some(moment) => past::find(asking, id, moment).await,
            None => find(asking, id).await,
        }
    }

    /// Your conversations, the newest first. At most 100 at once, 20 when nothing is said.
    async fn conversations(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(desc = "Only those that came from here.")] referrer: Option<String>,
    ) -> Result<Option<Connection<String, Conversation, Counted, EmptyFields>>, ApiError> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let window = paging.window()?;
        let page = window.page::<ConversationId>(Order::NewestFirst)?;
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Conversations).await?;
        let (owner, reads) = (&asking.caller.owner, asking.reads());
        let found = reads.conversations.list(owner, referrer.as_deref(), &page);
        let found = found.await.map_err(|error| window.misread(error))?;
        let (has_previous, has_next) = window.ends(found.page.has_more);
        let counted = Counted {
            total_count: BigInt(found.total),
        };
        let mut connection = Connection::with_additional_fields(has_previous, has_next, counted);
        connection.edges = window.edges(found.page.items, |row| {
            (row.id.to_string(), Conversation::from(row))
        });
        Ok(Some(connection))
    }
}

/// The caller's own conversation.
pub(in crate::graphql) async fn find(
    asking: &Asking,
    id: ConversationId,
) -> Result<Option<Conversation>, ApiError> {
    asking.reach(ReadModel::Conversations).await?;
    asking.loader.load_one(id).await
}
