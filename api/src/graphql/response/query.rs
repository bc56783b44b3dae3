use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object};
use jan_domain::id::ResponseId;
use jan_projections::{Order, ReadModel, RunRow};

use super::Response;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::paging::Paging;

/// What is asked about responses.
#[derive(Default)]
pub(in crate::graphql) struct ResponseQuery;

#[Object]
impl ResponseQuery {
    /// One of your stored responses. Somebody else's is not there.
    async fn response(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Response>, ApiError> {
        find(Asking::of(ctx), id_of(&id, "id")?).await
    }

    /// Your stored responses, the newest first. At most 100 at once, 20 when nothing is said.
    async fn responses(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> Result<Option<Connection<String, Response, EmptyFields, EmptyFields>>, ApiError> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let window = paging.window()?;
        let page = window.page::<ResponseId>(Order::NewestFirst)?;
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Runs).await?;
        let runs = &asking.reads().runs;
        let found = runs.list_stored(&asking.caller.owner, &page).await;
        let found = found.map_err(|error| window.misread(error))?;
        let entry = |row: RunRow| (row.id.to_string(), Response::of_row(&row));
        Ok(Some(window.connect(found, entry)))
    }
}

/// The caller's own stored response.
pub(in crate::graphql) async fn find(
    asking: &Asking,
    id: ResponseId,
) -> Result<Option<Response>, ApiError> {
    asking.reach(ReadModel::Runs).await?;
    asking.loader.load_one(id).await
}
