use std::collections::BTreeMap;

use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use jan_domain::id::{ConversationId, ItemId, ResponseId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Conversation, find};
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::once::{Hand, once};
use crate::graphql::response::{self, Response};
use crate::graphql::scalar::{BigInt, Metadata};
use crate::graphql::user_error::UserError;
use crate::rest::conversations::fork::{ForkConversation, forked};
use crate::rest::conversations::items::anew::{Anew, Answering, edit, regenerate};
use crate::rest::responses::again::Answered;

/// What makes a conversation out of another.
#[derive(Default)]
pub(in crate::graphql) struct ForkMutation;

/// A conversation to fork.
#[derive(InputObject, Serialize)]
struct ForkConversationInput {
    /// Which.
    id: ID,
    /// The last item to take over; all of them when absent.
    item_id: Option<ID>,
    /// Forks it as it stood at this version, also when it was deleted since.
    at_version: Option<BigInt>,
    /// What the fork is called; as the original when absent.
    title: Option<String>,
    /// Its pairs; those of the original when absent.
    metadata: Option<Metadata>,
    /// The same key makes one fork, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A message that should say something else.
#[derive(InputObject, Serialize)]
struct EditItemInput {
    /// In which conversation.
    conversation_id: ID,
    /// Which.
    item_id: ID,
    /// A text, or a list of content parts.
    content: Json<Value>,
    /// Whether a model answers it in the fork; not when absent.
    regenerate: Option<bool>,
    /// Which model; the one that answered before when absent.
    model: Option<String>,
    /// The same key makes one fork, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// An item to answer, or to be answered, again.
#[derive(InputObject, Serialize)]
struct RegenerateItemInput {
    /// In which conversation.
    conversation_id: ID,
    /// Which.
    item_id: ID,
    /// Which model answers; the one that did before when absent.
    model: Option<String>,
    /// The same key makes one fork, however often this is sent.
    #[serde(skip)]
    idempotency_key: Option<String>,
}

/// A fork, and the response that was made in it.
#[derive(SimpleObject)]
struct ForkPayload {
    /// The fork; absent if none was made.
    conversation: Option<Conversation>,
    /// What a model was asked in it, if one was.
    response: Option<Response>,
    /// Why none was made; empty otherwise.
    user_errors: Vec<UserError>,
}

/// What was made, as it is kept for its key.
#[derive(Serialize, Deserialize)]
struct Made {
    fork: ConversationId,
    response: Option<ResponseId>,
}

impl From<Anew> for Made {
    fn from(made: Anew) -> Self {
        let response = match made.answered {
            Some(Answered::Whole(whole)) => Some(whole.id),
            Some(Answered::Stream(_)) | None => None,
        };
        Self {
            fork: made.id,
            response,
        }
    }
}

#[Object]
impl ForkMutation {
    /// Fork a conversation at any item: a new one that begins with a copy. The original stays as it is.
    async fn fork_conversation(
        &self,
        ctx: &Context<'_>,
        mut input: ForkConversationInput,
    ) -> Result<Option<ForkPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let id = input.id.clone();
        let wish = ForkConversation {
            item_id: input.item_id.as_ref().map(|id| id.0.clone()),
            at_version: input.at_version.as_ref().map(|BigInt(version)| *version),
            title: input.title.clone(),
            metadata: input
                .metadata
                .clone()
                .map(|Metadata(pairs)| -> BTreeMap<_, _> { pairs }),
        };
        let done = once(asking, "forkConversation", once_key, |hand| async move {
            let id: ConversationId = id_of(&id, "id")?;
            let context = hand.context();
            let asked = (&hand.state, &*hand.caller, &context);
            let (fork, _) = forked(asked, &id, wish).await?;
            let response = None;
            Ok(Made { fork, response })
        });
        told(asking, done.await).await
    }

    /// Edit a message: a fork up to it, in which it says something else. With `regenerate` a model
    /// answers it there, under the settings of the response that answered it before.
    async fn edit_item(
        &self,
        ctx: &Context<'_>,
        mut input: EditItemInput,
    ) -> Result<Option<ForkPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let place = (input.conversation_id.clone(), input.item_id.clone());
        let Json(said) = input.content.clone();
        let answering = (input.regenerate == Some(true)).then(|| answered_by(input.model.clone()));
        let done = once(asking, "editItem", once_key, |hand: Hand| async move {
            let (from, item) = read(&place)?;
            let context = hand.context();
            let asked = (&hand.state, &*hand.caller, &context);
            let made = edit(asked, (&from, &item), &said, answering).await?;
            Ok(Made::from(made))
        });
        told(asking, done.await).await
    }

    /// Answer again: a fork up to what the item answers, in which a model answers it, under the
    /// settings of the response that did before.
    async fn regenerate_item(
        &self,
        ctx: &Context<'_>,
        mut input: RegenerateItemInput,
    ) -> Result<Option<ForkPayload>, ApiError> {
        let asking = Asking::of(ctx);
        let once_key = (input.idempotency_key.take(), &input);
        let place = (input.conversation_id.clone(), input.item_id.clone());
        let answering = answered_by(input.model.clone());
        let done = once(
            asking,
            "regenerateItem",
            once_key,
            |hand: Hand| async move {
                let (from, item) = read(&place)?;
                let context = hand.context();
                let asked = (&hand.state, &*hand.caller, &context);
                let made = regenerate(asked, (&from, &item), answering).await?;
                Ok(Made::from(made))
            },
        );
        told(asking, done.await).await
    }
}

fn answered_by(model: Option<String>) -> Answering {
    Answering {
        model,
        stream: false,
    }
}

fn read((conversation, item): &(ID, ID)) -> Result<(ConversationId, ItemId), ApiError> {
    Ok((
        id_of(conversation, "conversation_id")?,
        id_of(item, "item_id")?,
    ))
}

async fn told(
    asking: &Asking,
    done: Result<Made, ApiError>,
) -> Result<Option<ForkPayload>, ApiError> {
    let (made, user_errors) = asking.told(done)?;
    let (conversation, response) = match made {
        None => (None, None),
        Some(made) => (
            find(asking, made.fork).await?,
            match made.response {
                Some(id) => response::find(asking, id).await?,
                None => None,
            },
        ),
    };
    Ok(Some(ForkPayload {
        conversation,
        response,
        user_errors,
    }))
}
