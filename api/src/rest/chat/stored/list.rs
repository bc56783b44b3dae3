use axum::Json;
use axum::extract::State;
use jan_domain::UserMetadata;
use jan_projections::{Order, ReadModel, ReadModels, ResponseFilter};

use super::body::StoredCompletion;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::page::{ListBody, ListQuery, PageParams};

/// List your stored completions, oldest first.
#[utoipa::path(
    get,
    path = "/v1/chat/completions",
    operation_id = "list_stored_completions",
    tag = "Chat",
    params(
        PageParams,
        ("model" = Option<String>, Query, description = "Only those that asked this model"),
        ("metadata" = Option<BTreeMap<String, String>>, Query, style = DeepObject, explode,
            description = "Only those that carry all of these pairs, as `metadata[key]=value`"),
    ),
    responses((status = 200, body = ListBody<StoredCompletion>)),
)]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    query: ListQuery,
) -> Result<(Freshened, Json<ListBody<StoredCompletion>>), ApiError> {
    let page = query.page(Order::OldestFirst)?;
    let filter = ResponseFilter {
        model: query.get("model")?.map(str::to_owned),
        metadata: UserMetadata::parse(query.keyed("metadata"))?,
    };
    let fresh = reach(&reads, ReadModel::Responses, &context).await?;
    let found = reads
        .responses
        .list_stored(&caller.owner, &filter, &page)
        .await?;
    let answered = found.items.into_iter().filter_map(|row| {
        let id = row.id.clone();
        Some((id, StoredCompletion::of_row(row)?))
    });
    Ok((fresh, Json(ListBody::of(answered, found.has_more))))
}
