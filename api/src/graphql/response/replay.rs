use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use chrono::{DateTime, Utc};
use jan_commands::store::Moment;
use jan_domain::id::{ConversationId, ResponseId};
use serde::Serialize;
use serde_json::Value;

use super::{Response, find};
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::conversation::{self, Conversation};
use crate::graphql::given::id_of;
use crate::graphql::moment;
use crate::graphql::once::{Hand, once};
use crate::graphql::scalar::BigInt;
use crate::graphql::user_error::UserError;
use crate::rest::responses::past::found;
use crate::rest::responses::replay::frames::replay;
use crate::rest::responses::replay::{Terms, re_execute};

/// What is told again of responses.
#[derive(Default)]
pub(in crate::graphql) struct ReplayQuery;

/// What is made again of them.
#[derive(Default)]
pub(in crate::graphql) struct ReplayMutation;

/// A response to make again.
#[derive(InputObject, Serialize)]
struct ReExecuteResponseInput {
    /// Which.
    id: ID,
    /// Which model makes it; the same when absent.
    model: Option<String>,
    /// Whether tools that change something may be called again. Without it, a response that called one
    /// is not made again, and one that could have is made without them.
    allow_unsafe_tools: Option<bool>,
    /// The same key makes it once, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A response that was made again, held against the one on record.
#[derive(SimpleObject)]
struct ReExecuteResponsePayload {
    /// The new response; absent if none was made.
    response: Option<Response>,
    /// The fork that it was made in; absent where the original had no conversation.
    conversation: Option<Conversation>,
    /// Both sides and what differs, as `POST /v1/responses/{id}/replay` tells it.
    comparison: Option<Json<Value>>,
    /// Why none was made; empty otherwise.
    user_errors: Vec<UserError>,
}

#[Object]
impl ReplayQuery {
    /// What a response of yours did, event by event, from the record alone: as
    /// `POST /v1/responses/{id}/replay` tells it. Nothing is called.
    async fn response_replay(
        &self,
        ctx: &Context<'_>,
        id: ID,
        #[graphql(desc = "After so many events of its own, from 1.")] at_version: Option<BigInt>,
        #[graphql(desc = "At this time.")] at_time: Option<DateTime<Utc>>,
        #[graphql(desc = "When the log had come to this position.")] at_position: Option<BigInt>,
    ) -> Result<Option<Json<Value>>, ApiError> {
        let asking = Asking::of(ctx);
        let id: ResponseId = id_of(&id, "id")?;
        let moment = moment::asked(at_version, at_time, at_position)?;
        let asked = ("at_version", moment.unwrap_or(Moment::Head));
        match found(&asking.state.commands, &asking.caller, &id, asked).await {
            Ok(told) => Ok(Some(Json(replay(&id, &told)))),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[Object]
impl ReplayMutation {
    /// Make a response again: in a fork of its conversation as that stood then, or beside it, never
    /// onto the original. Answers when it has ended.
    async fn re_execute_response(
        &self,
        ctx: &Context<'_>,
        mut input: ReExecuteResponseInput,
    ) -> Result<Option<ReExecuteResponsePayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let id = input.id.clone();
        let terms = Terms {
            model: input.model.clone(),
            unsafe_tools: input.allow_unsafe_tools == Some(true),
        };
        let carry_out = |hand: Hand| async move {
            let id: ResponseId = id_of(&id, "id")?;
            let context = hand.context();
            let asked = (&hand.state, &*hand.caller, &context);
            re_execute(asked, (&id, ("", Moment::Head)), terms).await
        };
        let done = once(asking, "reExecuteResponse", once_key, carry_out).await;
        let (comparison, user_errors) = asking.told(done)?;
        let (response, conversation) = match &comparison {
            None => (None, None),
            Some(told) => made(asking, told).await?,
        };
        Ok(Some(ReExecuteResponsePayload {
            response,
            conversation,
            comparison: comparison.map(Json),
            user_errors,
        }))
    }
}

/// What a comparison names.
async fn made(
    asking: &Asking,
    told: &Value,
) -> Result<(Option<Response>, Option<Conversation>), ApiError> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let response = text(&told["re_executed"]["response_id"]);
    let response = match response.and_then(|id| ResponseId::try_from(id).ok()) {
        Some(id) => find(asking, id).await?,
        None => None,
    };
    let fork = text(&told["fork"]).and_then(|id| ConversationId::try_from(id).ok());
    let fork = match fork {
        Some(id) => conversation::find(asking, id).await?,
        None => None,
    };
    Ok((response, fork))
}
