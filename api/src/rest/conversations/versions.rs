use std::fmt;

use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::conversation::conversation_versions;
use jan_commands::store::Record;
use jan_domain::id::ConversationId;
use jan_projections::Order;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::moment::{precisely, whole_number};
use crate::rest::page::{ListBody, ListQuery, PageParams};
use crate::rest::path_id::InPath;

/// One version of a conversation: what made it, who, when.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionBody {
    /// `conversation.version`
    object: &'static str,
    /// How many events the conversation had; what `at_version` takes.
    version: i64,
    /// The event's place in the log; what `at_position` takes.
    position: i64,
    /// When it was recorded; what `at_time` takes.
    recorded_at: String,
    /// What happened, such as `ConversationItemsAppended`.
    event: String,
    /// The account that acted, or `system`.
    actor: String,
    /// The request that asked for it, as answered in `x-request-id`.
    request_id: Option<String>,
}

impl VersionBody {
    fn of(record: Record) -> Self {
        Self {
            object: "conversation.version",
            version: record.version,
            position: record.position,
            recorded_at: precisely(record.recorded_at),
            event: record.event_type,
            actor: record.actor,
            request_id: Some(record.request).filter(|request| !request.is_empty()),
        }
    }
}

/// A version as a cursor.
struct Cursor(i64);

impl TryFrom<String> for Cursor {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let version = whole_number("after", &text);
        version.map(Self).map_err(|_| "expected a version")
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// List the versions of a conversation, newest first: every event that made it what it is.
///
/// A deleted conversation's past can still be read by its owner, until it is erased.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation_id}/versions",
    operation_id = "list_conversation_versions",
    tag = "Conversations",
    params(("conversation_id" = String, Path), PageParams),
    responses((status = 200, body = ListBody<VersionBody>)),
)]
pub(super) async fn list(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    InPath(id): InPath<ConversationId>,
    query: ListQuery,
) -> Result<Json<ListBody<VersionBody>>, ApiError> {
    let page = query.page::<Cursor>(Order::NewestFirst)?;
    let newest_first = page.order == Order::NewestFirst;
    let after = page.after.map(|cursor| cursor.0);
    let part = (page.limit + 1, newest_first);
    let mut records = conversation_versions(&commands, &caller, &id, after, part).await?;
    let has_more = records.len() > page.limit;
    records.truncate(page.limit);
    let entries = records
        .into_iter()
        .map(|record| (Cursor(record.version), VersionBody::of(record)));
    Ok(Json(ListBody::of(entries, has_more)))
}
