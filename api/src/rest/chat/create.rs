use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequest, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::header;
use jan_commands::response::{ChatReply, ConversationRef, Delivery, start_chat};
use jan_domain::limits::REFERRER_CHARS_MAX;
use serde::Deserialize;

use super::body;
use super::schema::{ChatCompletion, CreateChatCompletion};
use crate::body::{JsonText, takes_junk};
use crate::caller::Authenticated;
use crate::context::{Flavour, RequestContext};
use crate::error::ApiError;
use crate::sse;
use crate::state::ApiState;

/// Jan's query.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ChatQuery {
    /// Begins a conversation tagged with where it comes from, when none is named.
    referrer: Option<String>,
}

/// Ask a model, and stream or await its answer.
///
/// With `conversation` the exchange continues a conversation whose history the model is shown;
/// `{}` begins one.
#[utoipa::path(
    post,
    path = "/v1/chat/completions", operation_id = "create_chat_completion",
    tag = "Chat",
    params(ChatQuery),
    request_body = CreateChatCompletion,
    responses((status = 200, description = "The answer, or a stream of chunks", body = ChatCompletion)),
)]
pub(super) async fn create(
    State(state): State<ApiState>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    query: Result<Query<ChatQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    let lenient = takes_junk(&request);
    let JsonText(text) = JsonText::from_request(request, &state).await?;
    let mut wish = body::wish(&text, lenient)?;
    wish.repeatable = context.repeatable;
    if context.flavour == Flavour::Jan && wish.delivery.is_stream() {
        // Jan always tells the usage.
        wish.delivery = Delivery::Stream {
            include_usage: true,
        };
    }
    let referrer = referrer(query)?;
    if let (None | Some(ConversationRef::New { .. }), Some(referrer)) =
        (&wish.conversation, referrer)
    {
        wish.conversation = Some(ConversationRef::New {
            referrer: Some(referrer),
        });
    }
    let run = start_chat(
        &state.commands,
        &caller,
        &context.request,
        context.ids,
        wish,
    )
    .await?;
    Ok(match run.reply {
        ChatReply::Whole(json) => {
            ([(header::CONTENT_TYPE, "application/json")], json).into_response()
        }
        ChatReply::Stream(events) => sse::chat_stream(events),
    })
}

/// The referrer of a query. It is refused here, whether or not a conversation is begun with it.
fn referrer(query: Result<Query<ChatQuery>, QueryRejection>) -> Result<Option<String>, ApiError> {
    let refused = |message: String| ApiError::invalid_value(message).at("referrer");
    let Query(query) = query.map_err(|_| refused("The query cannot be read.".to_owned()))?;
    let Some(referrer) = query.referrer else {
        return Ok(None);
    };
    let fits = (1..=REFERRER_CHARS_MAX).contains(&referrer.chars().count());
    if fits && !referrer.contains('\0') {
        return Ok(Some(referrer));
    }
    Err(refused(format!(
        "Expected 1 to {REFERRER_CHARS_MAX} characters, and no NUL."
    )))
}
