use axum::Json;
use axum::extract::State;
use jan_domain::id::ResponseId;
use jan_projections::{ListError, Order, PageRequest, ReadModel, ReadModels};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body::not_found;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading::{Freshened, reach};
use crate::rest::page::{ListBody, ListQuery, PageParams};
use crate::rest::path_id::InPath;

/// List the messages that a stored completion was asked with, in the order they were sent.
///
/// Each has an id of its own. A content that was sent in parts is in `content_parts`.
#[utoipa::path(
    get,
    path = "/v1/chat/completions/{completion_id}/messages",
    operation_id = "list_stored_completion_messages",
    tag = "Chat",
    params(("completion_id" = String, Path), PageParams),
    responses((status = 200, body = ListBody<Value>)),
)]
pub(super) async fn messages(
    State(reads): State<ReadModels>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    InPath(id): InPath<ResponseId>,
    query: ListQuery,
) -> Result<(Freshened, Json<ListBody<Value>>), ApiError> {
    let page = query.page(Order::OldestFirst)?;
    let fresh = reach(&reads, ReadModel::Responses, &context).await?;
    let row = reads.responses.find_stored(&caller.owner, &id).await?;
    let row = row.filter(|row| row.answer.is_some());
    let asked = row
        .and_then(|row| row.request)
        .ok_or_else(|| not_found(&id))?;
    let Asked { messages } = asked.read().map_err(|error| ApiError::internal(&error))?;
    Ok((fresh, Json(part(messages, &id, &page)?)))
}

/// The part of a recorded request that is shown.
#[derive(Deserialize)]
struct Asked {
    messages: Vec<Map<String, Value>>,
}

/// A request's messages are few and never change, so their places make their ids.
fn part(
    messages: Vec<Map<String, Value>>,
    id: &ResponseId,
    page: &PageRequest<String>,
) -> Result<ListBody<Value>, ApiError> {
    let name = |place| format!("{id}-{place}");
    let mut entries: Vec<(String, Map<String, Value>)> = messages
        .into_iter()
        .enumerate()
        .map(|(place, message)| (name(place), message))
        .collect();
    if page.order == Order::NewestFirst {
        entries.reverse();
    }
    let begin = match &page.after {
        None => 0,
        Some(after) => {
            let known = entries.iter().position(|(name, _)| name == after);
            known.ok_or_else(|| ListError::UnknownCursor(after.clone()))? + 1
        }
    };
    let rest = entries.split_off(begin);
    let has_more = rest.len() > page.limit;
    let shown = rest.into_iter().take(page.limit).map(|(name, message)| {
        let body = shown(&name, message);
        (name, body)
    });
    Ok(ListBody::of(shown, has_more))
}

fn shown(id: &str, mut message: Map<String, Value>) -> Value {
    let (content, parts) = match message.remove("content") {
        Some(parts @ Value::Array(_)) => (Value::Null, parts),
        content => (content.unwrap_or_default(), Value::Null),
    };
    message.entry("name").or_insert(Value::Null);
    message.extend([
        ("id".to_owned(), json!(id)),
        ("content".to_owned(), content),
        ("content_parts".to_owned(), parts),
    ]);
    Value::Object(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(after: Option<&str>, limit: usize, order: Order) -> PageRequest<String> {
        PageRequest {
            after: after.map(str::to_owned),
            limit,
            order,
        }
    }

    fn told(page: &PageRequest<String>) -> Result<Value, ApiError> {
        let said = |text: &str| {
            let message = json!({"role": "user", "content": text});
            message.as_object().unwrap().clone()
        };
        let id = ResponseId::parse("chatcmpl-1").unwrap();
        part(vec![said("a"), said("b"), said("c")], &id, page).map(|list| json!(list))
    }

    #[test]
    fn messages_are_paged_in_both_directions() {
        let first = told(&page(None, 2, Order::OldestFirst)).unwrap();
        assert_eq!(first["first_id"], "chatcmpl-1-0");
        assert_eq!(first["last_id"], "chatcmpl-1-1");
        assert_eq!(first["has_more"], true);
        let rest = told(&page(Some("chatcmpl-1-1"), 2, Order::OldestFirst)).unwrap();
        assert_eq!(rest["data"][0]["content"], "c");
        assert_eq!(rest["has_more"], false);
        let newest = told(&page(Some("chatcmpl-1-2"), 1, Order::NewestFirst)).unwrap();
        assert_eq!(newest["data"][0]["content"], "b");
        let foreign = told(&page(Some("chatcmpl-2-0"), 1, Order::OldestFirst)).unwrap_err();
        assert_eq!(foreign.body()["error"]["param"], "after");
    }

    #[test]
    fn parts_are_told_apart_from_text() {
        let parts = json!([{"type": "text", "text": "see"}]);
        let message = json!({"role": "user", "name": "ada", "content": parts});
        assert_eq!(
            shown("x-0", message.as_object().unwrap().clone()),
            json!({"id": "x-0", "role": "user", "name": "ada", "content": null, "content_parts": parts})
        );
        let message = json!({"role": "user", "content": "hi"});
        assert_eq!(
            shown("x-1", message.as_object().unwrap().clone()),
            json!({"id": "x-1", "role": "user", "name": null, "content": "hi", "content_parts": null})
        );
    }
}
