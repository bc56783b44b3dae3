use axum::Json;
use axum::extract::State;
use jan_domain::id::ConversationId;
use jan_projections::{ReadModel, ReadModels};

use super::body::ConversationBody;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::path_id::InPath;

/// Describe a conversation.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation_id}",
    operation_id = "get_conversation",
    tag = "Conversations",
    params(("conversation_id" = String, Path)),
    responses((status = 200, body = ConversationBody)),
)]
pub(super) async fn get(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
) -> Result<(Freshened, Json<ConversationBody>), ApiError> {
    let fresh = reach(&reads, ReadModel::Conversations, &context).await?;
    let row = reads.conversations.find(&caller.owner, &id).await?;
    let row = row.ok_or_else(|| ApiError::not_found("conversation", &id))?;
    Ok((fresh, Json(row.into())))
}
