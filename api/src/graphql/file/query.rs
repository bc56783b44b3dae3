use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, Object};
use jan_commands::media::MediaFailure;
use jan_domain::id::MediaId;
use jan_domain::media::Purpose;
use jan_projections::{MediaRow, Order, ReadModel};

use super::File;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::paging::Paging;

/// What is asked about files.
#[derive(Default)]
pub(in crate::graphql) struct FileQuery;

#[Object]
impl FileQuery {
    /// One of your images or files. Somebody else's is not there.
    async fn file(&self, ctx: &Context<'_>, id: ID) -> Result<Option<File>, ApiError> {
        find(Asking::of(ctx), &id_of(&id, "id")?).await
    }

    /// Your images and files, last kept first, for one purpose if you name one. At most 100 at once, 20
    /// when nothing is said.
    async fn files(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        purpose: Option<String>,
    ) -> Result<Option<Connection<String, File, EmptyFields, EmptyFields>>, ApiError> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let window = paging.window()?;
        let page = window.page::<MediaId>(Order::NewestFirst)?;
        let purpose = purpose.as_deref().map(Purpose::parse).transpose();
        let purpose =
            purpose.map_err(|wrong| ApiError::from(MediaFailure::from(wrong)).at("purpose"))?;
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Media).await?;
        let media = &asking.reads().media;
        let found = media.list(&asking.caller.owner, purpose, &page).await;
        let found = found.map_err(|error| window.misread(error))?;
        let entry = |row: MediaRow| (row.id.to_string(), File(row));
        Ok(Some(window.connect(found, entry)))
    }
}

/// The caller's own file.
pub(in crate::graphql) async fn find(
    asking: &Asking,
    id: &MediaId,
) -> Result<Option<File>, ApiError> {
    asking.reach(ReadModel::Media).await?;
    let found = asking.reads().media.find(&asking.caller.owner, id);
    Ok(found.await?.map(File))
}
