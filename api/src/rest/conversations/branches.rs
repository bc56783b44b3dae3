use axum::Json;
use axum::extract::State;
use jan_domain::id::ConversationId;
use jan_projections::{BranchRow, ReadModel, ReadModels};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::path_id::InPath;

/// The tree that a conversation and its forks make.
#[derive(Serialize, ToSchema)]
pub(super) struct BranchesBody {
    /// `list`
    object: &'static str,
    /// Where all of them began; it may be deleted since.
    root: String,
    /// Each of them, oldest first.
    data: Vec<BranchBody>,
}

/// One conversation of the tree.
#[derive(Serialize, ToSchema)]
struct BranchBody {
    /// `conv_…`
    id: String,
    /// `conversation.branch`
    object: &'static str,
    /// `MAIN` for the root, the id for every other.
    name: String,
    /// What it is called.
    title: Option<String>,
    /// Whether it is the root.
    is_root: bool,
    /// Whether it is the one that was asked about.
    is_current: bool,
    /// What it was forked from; it may be deleted since.
    parent: Option<String>,
    /// What was forked from it.
    children: Vec<String>,
    /// The version of its parent that was copied.
    forked_at_version: Option<i64>,
    /// The last item that was taken over.
    forked_at_item: Option<String>,
    /// Unix seconds.
    created_at: i64,
    /// Unix seconds.
    updated_at: i64,
}

/// Show the tree of forks that a conversation belongs to.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation_id}/branches",
    operation_id = "list_conversation_branches",
    tag = "Conversations",
    params(("conversation_id" = String, Path)),
    responses((status = 200, body = BranchesBody)),
)]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ConversationId>,
) -> Result<(Freshened, Json<BranchesBody>), ApiError> {
    let fresh = reach(&reads, ReadModel::Conversations, &context).await?;
    let rows = reads.conversations.branches(&caller.owner, &id).await?;
    let own = rows.iter().find(|row| row.id == id);
    let own = own.ok_or_else(|| ApiError::not_found("conversation", &id))?;
    let root = own.root_id.clone().unwrap_or_else(|| id.to_string());
    let data = rows.iter().map(|row| BranchBody::of(row, &rows, &id));
    let body = BranchesBody {
        object: "list",
        data: data.collect(),
        root,
    };
    Ok((fresh, Json(body)))
}

impl BranchBody {
    fn of(row: &BranchRow, all: &[BranchRow], current: &ConversationId) -> Self {
        let id = row.id.to_string();
        let children = all
            .iter()
            .filter(|other| other.forked_from.as_ref() == Some(&id));
        let is_root = row.forked_from.is_none();
        Self {
            object: "conversation.branch",
            name: if is_root {
                "MAIN".to_owned()
            } else {
                id.clone()
            },
            title: row.title.clone(),
            is_root,
            is_current: row.id == *current,
            parent: row.forked_from.clone(),
            children: children.map(|child| child.id.to_string()).collect(),
            forked_at_version: row.forked_version,
            forked_at_item: row.forked_item.clone(),
            created_at: row.created_at.timestamp(),
            updated_at: row.updated_at.timestamp(),
            id,
        }
    }
}
