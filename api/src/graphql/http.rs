//! GraphQL over HTTP: one request, one answer, or one stream of them.

use async_graphql::parser::types::OperationType;
use axum::Extension;
use axum::extract::{FromRequest, Query, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;

use super::answer::{Answer, Form};
use super::door::{Admitted, Door, Given};
use super::{events, page, websocket};
use crate::body::JsonText;
use crate::caller::Authenticated;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::idempotency::TryAgain;
use crate::json_check;
use crate::state::ApiState;

/// Carry out a GraphQL operation.
///
/// The schema is printed by `jan-server graphql-schema`; a browser that opens this address finds a
/// page to try it with. Subscriptions are followed with `Accept: text/event-stream`.
#[utoipa::path(
    post,
    path = "/graphql",
    operation_id = "call_graphql",
    tag = "GraphQL",
    request_body = Value,
    responses((status = 200, description = "`data`, and `errors` if there are any", body = Value)),
)]
pub(super) async fn post(
    State(state): State<ApiState>,
    Extension(door): Extension<Door>,
    Authenticated(caller): Authenticated,
    context: RequestContext,
    request: Request,
) -> Result<Response, ApiError> {
    let headers = request.headers().clone();
    let form = Form::wanted(&headers)?;
    // A page can send forms and texts to anybody, but JSON only to whom lets it.
    if !headers.contains_key(header::CONTENT_TYPE) {
        return Err(ApiError::unsupported_media_type());
    }
    let JsonText(text) = JsonText::from_request(request, &state).await?;
    let given: Given = crate::body::read(&text, false)?;
    let admitted = door.admit((&state, &caller, &context), given)?;
    carry_out((&state, &door), &context, (form, headers), admitted).await
}

/// Ask a GraphQL query, follow a subscription, or open a WebSocket (`graphql-transport-ws`).
///
/// A browser that asks for a page is given one to try the schema with.
#[utoipa::path(
    get,
    path = "/graphql",
    operation_id = "query_graphql",
    tag = "GraphQL",
    params(
        ("query" = Option<String>, Query, description = "The document; it may hold no mutation"),
        ("operationName" = Option<String>, Query, description = "Which of its operations"),
        ("variables" = Option<String>, Query, description = "A JSON object"),
    ),
    responses((status = 200, description = "`data`, and `errors` if there are any", body = Value)),
)]
pub(super) async fn get(
    State(state): State<ApiState>,
    Extension(door): Extension<Door>,
    context: RequestContext,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, _) = request.into_parts();
    if websocket::is_wanted(&parts.headers) {
        return websocket::open(&mut parts, (state, door), context).await;
    }
    if page::is_wanted(&parts.headers) {
        return Ok(page::page());
    }
    let caller = state.authenticator.caller(&parts.headers).await?;
    let form = Form::wanted(&parts.headers)?;
    let given = asked(&parts.uri)?;
    let admitted = door.admit((&state, &caller, &context), given)?;
    if admitted.kind == OperationType::Mutation {
        let mut response = ApiError::only_queries().into_response();
        let allow = HeaderValue::from_static("POST");
        response.headers_mut().insert(header::ALLOW, allow);
        return Ok(response);
    }
    carry_out((&state, &door), &context, (form, parts.headers), admitted).await
}

/// The names of a query, which hold texts.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Asked {
    query: Option<String>,
    operation_name: Option<String>,
    variables: Option<String>,
}

fn asked(uri: &http::Uri) -> Result<Given, ApiError> {
    let read = Query::<Asked>::try_from_uri(uri);
    let Query(asked) = read.map_err(|_| ApiError::malformed("The query cannot be read."))?;
    let variables = asked.variables.filter(|text| !text.is_empty());
    let variables = variables.map(|text| {
        let text = json_check::checked(text.as_bytes())?;
        crate::body::read(text, false)
    });
    Ok(Given {
        query: asked.query,
        operation_name: asked.operation_name,
        variables: variables
            .transpose()
            .map_err(|error| error.at("variables"))?,
    })
}

async fn carry_out(
    (state, door): (&ApiState, &Door),
    context: &RequestContext,
    (form, headers): (Form, HeaderMap),
    admitted: Admitted,
) -> Result<Response, ApiError> {
    if form == Form::Events {
        // A stream under a key would be carried to its end without its reader.
        if context.repeatable {
            let message = "Give the mutation an 'idempotencyKey' instead.";
            return Err(ApiError::invalid_value(message).at("Idempotency-Key"));
        }
        return Ok(events::respond(state, &door.schema, headers, admitted));
    }
    if admitted.kind == OperationType::Subscription {
        let message = "Subscriptions are followed over WebSocket, or with 'Accept: \
                       text/event-stream'.";
        return Err(ApiError::invalid_query(message));
    }
    let asking = admitted.asking;
    let answer = Answer::from(door.schema.execute(admitted.request).await);
    let mut response = answer.respond(form);
    if answer.has_errors() || asking.has_refused() {
        response.extensions_mut().insert(TryAgain);
    }
    Ok(response)
}
