use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::conversation::delete_conversations;
use jan_domain::limits::PAGE_ITEMS_MAX;
use jan_projections::{Order, PageRequest, ReadModel, ReadModels};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::reach;

/// The end of all conversations.
#[derive(Serialize, ToSchema)]
pub(super) struct DeletedConversations {
    /// `conversations.deleted`
    object: &'static str,
    /// `true`
    deleted: bool,
    /// How many there were.
    deleted_count: u64,
}

/// Delete all your conversations.
///
/// Those that begin meanwhile stay.
#[utoipa::path(
    delete,
    path = "/v1/conversations",
    operation_id = "delete_conversations",
    tag = "Conversations",
    responses((status = 200, body = DeletedConversations)),
)]
pub(super) async fn delete_all(
    State(commands): State<Commands>,
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    mut context: RequestContext,
) -> Result<Json<DeletedConversations>, ApiError> {
    let asked_at = commands.clock.now();
    context.eventual = false;
    let oldest = PageRequest {
        after: None,
        limit: PAGE_ITEMS_MAX,
        order: Order::OldestFirst,
    };
    let mut deleted_count = 0;
    loop {
        reach(&reads, ReadModel::Conversations, &context).await?;
        let found = reads
            .conversations
            .list(&caller.owner, None, &oldest)
            .await?;
        let known = found.page.items.into_iter();
        let ids = known
            .take_while(|row| row.created_at <= asked_at)
            .map(|row| row.id);
        let count =
            delete_conversations(&commands, &caller, &context.request, ids.collect()).await?;
        // None: nothing is left, or others delete the same.
        if count == 0 {
            return Ok(Json(DeletedConversations {
                object: "conversations.deleted",
                deleted: true,
                deleted_count,
            }));
        }
        deleted_count += count;
    }
}
