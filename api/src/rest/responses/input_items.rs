use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jan_domain::id::ItemId;
use jan_domain::item::Item;
use jan_projections::{Order, PageRequest, ReadModels};
use serde_json::{Value, json};

use super::get::found;
use super::jan;
use crate::caller::Authenticated;
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::rest::page::{ListBody, ListQuery, PageParams};
use crate::rest::path_id::{InPath, RunId};

/// List the items that a response was asked with, newest first.
#[utoipa::path(
    get,
    path = "/v1/responses/{response_id}/input_items",
    operation_id = "list_response_input_items",
    tag = "Responses",
    params(("response_id" = String, Path), PageParams),
    responses((status = 200, body = ListBody<Value>)),
)]
pub(super) async fn list(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(RunId(id)): InPath<RunId>,
    query: ListQuery,
) -> Result<Response, ApiError> {
    let page = query.page::<ItemId>(Order::NewestFirst)?;
    let (fresh, row) = found(&reads, &caller, &context, &id).await?;
    let items = row.input.as_ref().and_then(|json| json.read().ok());
    let items: Vec<Item> = items.unwrap_or_default();
    if context.flavour == Flavour::Jan {
        let told: Vec<Value> = items.iter().map(jan::message).collect();
        return Ok((fresh, Json(json!({"data": told}))).into_response());
    }
    let (items, has_more) = cut(items, &page)?;
    let entries = items.into_iter().map(|item| (item.id.clone(), item));
    Ok((fresh, Json(ListBody::of(entries, has_more))).into_response())
}

/// The part of the items that is asked for, and whether there are more.
fn cut(mut items: Vec<Item>, page: &PageRequest<ItemId>) -> Result<(Vec<Item>, bool), ApiError> {
    if page.order == Order::NewestFirst {
        items.reverse();
    }
    if let Some(after) = &page.after {
        let place = items.iter().position(|item| item.id == *after);
        let place = place
            .ok_or_else(|| ApiError::invalid_value("No item here has this id.").at("after"))?;
        items.drain(..=place);
    }
    let has_more = items.len() > page.limit;
    items.truncate(page.limit);
    Ok((items, has_more))
}
