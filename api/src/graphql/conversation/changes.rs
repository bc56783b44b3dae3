use std::collections::VecDeque;
use std::time::Duration;

use async_graphql::{Context, ID, Json, SimpleObject, Subscription};
use chrono::{DateTime, Utc};
use futures::stream::{self, Stream};
use jan_domain::Owner;
use jan_domain::id::ConversationId;
use jan_projections::{ConversationChange, ReadModels};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::find;
use crate::error::ApiError;
use crate::graphql::asking::Asking;
use crate::graphql::given::id_of;
use crate::graphql::scalar::BigInt;

/// First and longest pause between two looks at a stream that is quiet.
const LOOK: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// What a conversation's last event is called.
const LAST: &str = "ConversationDeleted";

/// What is followed about conversations.
#[derive(Default)]
pub(in crate::graphql) struct ConversationSubscription;

/// Something that happened to a conversation.
#[derive(SimpleObject)]
struct ConversationEvent {
    /// What, as the event log names it: `ConversationItemsAppended`, `ConversationTitleChanged` and
    /// so on.
    #[graphql(name = "type")]
    kind: String,
    /// The conversation's version after it, from 1 and without gaps.
    version: BigInt,
    /// When it was recorded.
    at: DateTime<Utc>,
    /// What changed, in the words of the event log.
    change: Json<Value>,
}

#[Subscription]
impl ConversationSubscription {
    /// What happens to one of your conversations, from its beginning or from the version after
    /// `afterVersion` on. Ends when it is deleted.
    async fn conversation_events(
        &self,
        ctx: &Context<'_>,
        id: ID,
        after_version: Option<BigInt>,
    ) -> Result<impl Stream<Item = Result<ConversationEvent, ApiError>> + use<>, ApiError> {
        let asking = Asking::of(ctx);
        let id: ConversationId = id_of(&id, "id")?;
        if find(asking, id.clone()).await?.is_none() {
            return Err(ApiError::not_found("conversation", &id));
        }
        let following = Following {
            reads: asking.reads().clone(),
            owner: asking.caller.owner.clone(),
            id,
            version: after_version.map_or(0, |BigInt(version)| version.max(0)),
            ready: VecDeque::new(),
            over: false,
            stopping: asking.state.commands.runner.stopping(),
        };
        Ok(stream::unfold(following, |mut following| async move {
            let told = following.next().await?;
            following.over |= told.is_err();
            Some((told, following))
        }))
    }
}

struct Following {
    reads: ReadModels,
    owner: Owner,
    id: ConversationId,
    version: i64,
    ready: VecDeque<ConversationChange>,
    over: bool,
    stopping: CancellationToken,
}

impl Following {
    async fn next(&mut self) -> Option<Result<ConversationEvent, ApiError>> {
        let mut pause = LOOK.0;
        loop {
            if let Some(change) = self.ready.pop_front() {
                self.version = change.version;
                self.over = change.event_type == LAST;
                return Some(Ok(change.into()));
            }
            if self.over || self.stopping.is_cancelled() {
                return None;
            }
            let conversations = &self.reads.conversations;
            match conversations
                .changes_after(&self.owner, &self.id, self.version)
                .await
            {
                Ok(changes) => self.ready.extend(changes),
                Err(error) => return Some(Err(error.into())),
            }
            if self.ready.is_empty() {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.stopping.cancelled() => {}
                }
                pause = (pause * 2).min(LOOK.1);
            }
        }
    }
}

impl From<ConversationChange> for ConversationEvent {
    fn from(change: ConversationChange) -> Self {
        let mut told = change.payload;
        // A payload is one variant under its name; a variant without fields is its name alone.
        let fields = told.as_object_mut().and_then(|variant| {
            let (_, fields) = variant.iter_mut().next()?;
            Some(fields.take())
        });
        Self {
            kind: change.event_type,
            version: BigInt(change.version),
            at: change.recorded_at,
            change: Json(fields.unwrap_or_default()),
        }
    }
}
