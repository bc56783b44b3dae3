use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object};
use jan_domain::id::DocumentId;
use jan_projections::{DocumentRow, Order, ReadModel};

use super::Document;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::paging::Paging;

/// What is asked about documents.
#[derive(Default)]
pub(in crate::graphql) struct DocumentQuery;

#[Object]
impl DocumentQuery {
    /// One of your documents. Somebody else's is not there.
    async fn document(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Document>, ApiError> {
        find(Asking::of(ctx), &id_of(&id, "id")?).await
    }

    /// Your documents, last indexed first. At most 100 at once, 20 when nothing is said.
    async fn documents(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<String, Document, EmptyFields, EmptyFields>>, ApiError> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let window = paging.window()?;
        let page = window.page::<DocumentId>(Order::NewestFirst)?;
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Documents).await?;
        let found = asking.reads().documents.list(&asking.caller.owner, &page);
        let found = found.await.map_err(|error| window.misread(error))?;
        let entry = |row: DocumentRow| (row.id.to_string(), Document(row));
        Ok(Some(window.connect(found, entry)))
    }
}

/// The caller's own document.
pub(in crate::graphql) async fn find(
    asking: &Asking,
    id: &DocumentId,
) -> Result<Option<Document>, ApiError> {
    asking.reach(ReadModel::Documents).await?;
    let found = asking.reads().documents.find(&asking.caller.owner, id);
    Ok(found.await?.map(Document))
}
