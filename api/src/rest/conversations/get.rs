use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jan_domain::id::ConversationId;
use jan_projections::ReadModel;

use super::body::ConversationBody;
use super::past;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::reach;
use crate::rest::moment::{MomentParams, Shown, asked};
use crate::rest::page::ListQuery;
use crate::rest::path_id::InPath;
use crate::state::ApiState;

/// Describe a conversation, as it is or as it stood.
///
/// A deleted conversation's past can still be read by its owner, until it is erased. The headers
/// `x-as-of-version`, `x-as-of-time` and `x-as-of-position` tell which event made what is shown.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation_id}",
    operation_id = "get_conversation",
    tag = "Conversations",
    params(("conversation_id" = String, Path), MomentParams),
    responses((status = 200, body = ConversationBody)),
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
    query: ListQuery,
) -> Result<Response, ApiError> {
    if let Some(asked) = asked(&query)? {
        let past = past::found(&state.commands, &caller, &id, asked).await?;
        let body = ConversationBody::of(id, past.live);
        return Ok((Shown::of(past.record), Json(body)).into_response());
    }
    let reads = &state.reads;
    let fresh = reach(reads, ReadModel::Conversations, &context).await?;
    let row = reads.conversations.find(&caller.owner, &id).await?;
    let row = row.ok_or_else(|| ApiError::not_found("conversation", &id))?;
    Ok((fresh, Json(ConversationBody::from(row))).into_response())
}
