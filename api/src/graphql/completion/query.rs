use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object};
use jan_domain::UserMetadata;
use jan_domain::id::ResponseId;
use jan_projections::{Order, ReadModel, ResponseFilter};

use super::StoredCompletion;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::paging::Paging;
use crate::graphql::scalar::Metadata;

/// What is asked about stored completions.
#[derive(Default)]
pub(in crate::graphql) struct CompletionQuery;

#[Object]
impl CompletionQuery {
    /// One of your stored chat completions. Somebody else's is not there.
    async fn stored_completion(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Result<Option<StoredCompletion>, ApiError> {
        find(Asking::of(ctx), &id_of(&id, "id")?).await
    }

    /// Your stored chat completions, the newest first. At most 100 at once, 20 when nothing is said.
    async fn stored_completions(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(desc = "Only those that asked this model.")] model: Option<String>,
        #[graphql(desc = "Only those that carry all of these pairs.")] metadata: Option<Metadata>,
    ) -> Result<Option<Connection<String, StoredCompletion, EmptyFields, EmptyFields>>, ApiError>
    {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let window = paging.window()?;
        let page = window.page::<ResponseId>(Order::NewestFirst)?;
        let filter = ResponseFilter {
            model,
            metadata: UserMetadata::parse(metadata.unwrap_or_default().0)?,
        };
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Responses).await?;
        let (owner, reads) = (&asking.caller.owner, asking.reads());
        let found = reads.responses.list_stored(owner, &filter, &page).await;
        let found = found.map_err(|error| window.misread(error))?;
        let (has_previous, has_next) = window.ends(found.has_more);
        let mut connection = Connection::new(has_previous, has_next);
        let answered = found.items.into_iter().filter_map(StoredCompletion::of_row);
        connection.edges = window.edges(answered.collect(), |completion: StoredCompletion| {
            (completion.id.to_string(), completion)
        });
        Ok(Some(connection))
    }
}

/// The caller's own stored completion.
pub(in crate::graphql) async fn find(
    asking: &Asking,
    id: &ResponseId,
) -> Result<Option<StoredCompletion>, ApiError> {
    asking.reach(ReadModel::Responses).await?;
    let (owner, reads) = (&asking.caller.owner, asking.reads());
    let row = reads.responses.find_stored(owner, id).await?;
    Ok(row.and_then(StoredCompletion::of_row))
}
