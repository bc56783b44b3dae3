use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use futures::StreamExt;
use futures::stream::BoxStream;
use jan_commands::run::{
    Accepted, Attendance, Numbered, Outcome, RunEnding, RunWish, StreamEvent, create_run, follow,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Response;
use crate::context::Flavour;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::once::{Hand, once};
use crate::graphql::scalar::Metadata;
use crate::graphql::user_error::UserError;
use crate::rest::responses::{
    Portrait, Stand, Warnings, name_empty_stores, name_unknown_places, wish,
};

/// How responses begin.
#[derive(Default)]
pub(in crate::graphql) struct ResponseCreation;

/// A response to create. Everything means what it means in `POST /v1/responses`.
#[derive(InputObject, Serialize)]
struct CreateResponseInput {
    /// A model of `models`.
    model: String,
    /// A text, or items: messages, calls and their outputs, references, approvals.
    input: Option<Json<Value>>,
    /// What the model is told first; not carried over by `previousResponseId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<String>,
    /// The response whose context is continued. Not together with `conversationId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_response_id: Option<ID>,
    /// The conversation that is continued. Input and output are added to it.
    #[serde(rename = "conversation", skip_serializing_if = "Option::is_none")]
    conversation_id: Option<ID>,
    /// `false`: only usage is kept. `true` when nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<bool>,
    /// Run without the client, and answer at once: poll it, follow `responseStream`, or cancel it.
    /// When nothing is said, the answer comes when the response has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    background: Option<bool>,
    /// `function` and `custom` go back to the client; `mcp`, `web_search`, `file_search` and
    /// `code_interpreter` run on the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<Json<Value>>>,
    /// `"none"`, `"auto"`, `"required"`, one tool, or allowed tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Json<Value>>,
    /// Let the model call several tools at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    /// Upper bound of calls of tools that run on the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tool_calls: Option<i32>,
    /// Upper bound of the answer, thinking included.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<i32>,
    /// `format`: `text`, `json_object` or `json_schema`; `verbosity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<Json<Value>>,
    /// `effort` and `summary`.
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Json<Value>>,
    /// From 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    /// From 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    /// From 0 to 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    top_logprobs: Option<i32>,
    /// `auto` or `disabled`.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncation: Option<String>,
    /// What to show that is left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    include: Option<Vec<String>>,
    /// Up to 16 pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    /// The same key creates it once, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A response as it stands.
#[derive(SimpleObject)]
struct CreateResponsePayload {
    /// The response; absent if none was made.
    response: Option<Response>,
    /// What was accepted and has no effect.
    warnings: Vec<String>,
    /// Why none was made; empty otherwise.
    user_errors: Vec<UserError>,
}

/// What was made, as it is kept for its key.
#[derive(Serialize, Deserialize)]
struct Made {
    response: Response,
    warnings: Vec<String>,
}

#[Object]
impl ResponseCreation {
    /// Create a response: ask a model and let it use tools. Answers at once if it runs in the
    /// background, and when it has ended if not.
    async fn create_response(
        &self,
        ctx: &Context<'_>,
        mut input: CreateResponseInput,
    ) -> Result<Option<CreateResponsePayload>, ApiError> {
        let asking = Asking::of(ctx);
        let key = input.idempotency_key.take();
        let Value::Object(fields) = json!(input) else {
            return Err(ApiError::panicked());
        };
        let carry_out = |hand| create(hand, fields);
        let done = once(asking, "createResponse", (key, &input), carry_out).await;
        let (made, user_errors) = asking.told(done.map_err(in_graphql))?;
        let (response, warnings) = match made {
            Some(made) => (Some(made.response), made.warnings),
            None => (None, Vec::new()),
        };
        Ok(Some(CreateResponsePayload {
            response,
            warnings,
            user_errors,
        }))
    }
}

/// The one field that is called otherwise here.
fn in_graphql(error: ApiError) -> ApiError {
    if error.param() == Some("conversation") {
        error.at("conversation_id")
    } else {
        error
    }
}

async fn create(hand: Hand, fields: Map<String, Value>) -> Result<Made, ApiError> {
    let mut warnings = Warnings::default();
    let ids = (hand.ids.as_ref(), Flavour::OpenAi);
    let mut wish = wish(fields, ids, &mut warnings)?;
    let places = hand.state.server.search_places;
    name_unknown_places(&wish.request.bounds, places, &mut warnings);
    let (reads, bounds) = (&hand.state.reads, &wish.request.bounds);
    name_empty_stores(reads, &hand.caller, bounds, &mut warnings).await?;
    wish.repeatable = hand.repeatable;
    let commands = &hand.state.commands;
    let asked = wish.clone();
    let ids = Arc::clone(&hand.ids);
    let accepted = create_run(commands, &hand.caller, &hand.request, ids, wish).await?;
    let Accepted { id, attendance, .. } = &accepted;
    let outcome = match attendance {
        Attendance::Waiting { channel, .. } => Some(last(channel.read(0)).await?),
        Attendance::Before => Some(last(follow(commands, id, 0)).await?),
        Attendance::Away => None,
    };
    Ok(Made {
        response: shown(&asked, &accepted, outcome.as_ref())?,
        warnings: warnings.into_list(),
    })
}

/// The response as its caller learns of it: whole, or on its way. A failure before anything was said
/// is an error, as it is in the REST API.
fn shown(
    asked: &RunWish,
    accepted: &Accepted,
    outcome: Option<&Outcome>,
) -> Result<Response, ApiError> {
    let portrait = Portrait::of_wish(asked, accepted.id.clone(), accepted.at);
    let input: Vec<Value> = accepted.input.iter().map(|item| json!(item)).collect();
    let stand = match outcome {
        None => Stand::open("queued"),
        Some(outcome) => match &outcome.ending {
            RunEnding::Failed(failure) if outcome.output.is_empty() => {
                return Err(failure.clone().into());
            }
            _ => Stand::ended(outcome),
        },
    };
    let ended_at = outcome.map(|outcome| outcome.at);
    Ok(Response::of_stand(&portrait, stand, (input, ended_at)))
}

async fn last(mut events: BoxStream<'static, Numbered>) -> Result<Outcome, ApiError> {
    while let Some((_, event)) = events.next().await {
        if let StreamEvent::Ended(outcome) = event.as_ref() {
            return Ok((**outcome).clone());
        }
    }
    Err(ApiError::panicked())
}
