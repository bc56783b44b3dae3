use axum::Json;
use axum::extract::State;
use jan_commands::Commands;
use jan_commands::store::{Moment, Record};
use jan_domain::UserMetadata;
use jan_domain::conversation::Difference;
use jan_domain::id::ConversationId;
use jan_domain::item::Item;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::past;
use crate::caller::Authenticated;
use crate::error::ApiError;
use crate::rest::moment::whole_number;
use crate::rest::page::ListQuery;
use crate::rest::path_id::InPath;

/// What leads from one version of a conversation to another. What did not change is absent.
#[derive(Serialize, ToSchema)]
pub(crate) struct DiffBody {
    /// `conversation.diff`
    object: &'static str,
    /// The version that is compared.
    from: i64,
    /// The version that it is compared with.
    to: i64,
    /// Items that only the second has.
    #[schema(value_type = Vec<Value>)]
    items_added: Vec<Item>,
    /// Items that only the first has.
    #[schema(value_type = Vec<Value>)]
    items_removed: Vec<Item>,
    /// Items that both have, otherwise.
    items_changed: Vec<Change<Value>>,
    /// The titles.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Change<Option<String>>>,
    /// The referrers.
    #[serde(skip_serializing_if = "Option::is_none")]
    referrer: Option<Change<Option<String>>>,
    /// The client's pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Change<Value>>)]
    metadata: Option<Change<UserMetadata>>,
}

/// Something that is another thing now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Change<T> {
    /// In the first version.
    from: T,
    /// In the second.
    to: T,
}

impl<T> From<(T, T)> for Change<T> {
    fn from((from, to): (T, T)) -> Self {
        Self { from, to }
    }
}

impl DiffBody {
    /// The difference between two versions.
    pub(crate) fn of(difference: Difference, from: i64, to: i64) -> Self {
        let changed = difference.changed.into_iter();
        Self {
            object: "conversation.diff",
            from,
            to,
            items_added: difference.added,
            items_removed: difference.removed,
            items_changed: changed
                .map(|(was, is)| Change::from((serde_json::json!(was), serde_json::json!(is))))
                .collect(),
            title: difference.title.map(Change::from),
            referrer: difference.referrer.map(Change::from),
            metadata: difference.metadata.map(Change::from),
        }
    }
}

/// Compare two versions of a conversation.
#[utoipa::path(
    get,
    path = "/v1/conversations/{conversation_id}/diff",
    operation_id = "diff_conversation",
    tag = "Conversations",
    params(
        ("conversation_id" = String, Path),
        ("from" = Option<i64>, Query, description = "A version; the first when absent"),
        ("to" = Option<i64>, Query, description = "Another; the last when absent"),
    ),
    responses((status = 200, body = DiffBody)),
)]
pub(super) async fn diff(
    State(commands): State<Commands>,
    Authenticated(caller): Authenticated,
    InPath(id): InPath<ConversationId>,
    query: ListQuery,
) -> Result<Json<DiffBody>, ApiError> {
    let version = |name| {
        query
            .get(name)?
            .map(|text| whole_number(name, text))
            .transpose()
    };
    let (from, to) = (version("from")?.unwrap_or(1), version("to")?);
    let first = past::found(&commands, &caller, &id, ("from", Moment::Version(from))).await?;
    let to = to.map_or(Moment::Head, Moment::Version);
    let second = past::found(&commands, &caller, &id, ("to", to)).await?;
    let difference = Difference::between(&first.live, &second.live);
    let version = |record: &Record| record.version;
    let (from, to) = (version(&first.record), version(&second.record));
    Ok(Json(DiffBody::of(difference, from, to)))
}
