//! The ids of a call, and what became of it when it was made before under the same key.

use jan_domain::id::{ConversationId, ResponseId};
use jan_domain::ports::IdGenerator;
use jan_domain::response::{Ending, Response, ResponseError, Surface};

use super::{ChatError, ChatRun, ChatWish, ConversationRef, retell};
use crate::{CommandError, Commands};

/// One attempt at a call, by its ids.
pub(super) struct Attempt {
    pub(super) id: ResponseId,
    /// The conversation it continues or begins.
    pub(super) conversation: Option<ConversationId>,
}

/// What is known of a call before it is made.
pub(super) enum Known {
    /// Nothing: it is to be made, under these ids.
    New(Attempt),
    /// It was made before.
    Made(ChatRun),
}

impl Attempt {
    /// The attempt to make, or the answer of an earlier one. A call that can be repeated draws its
    /// ids from its idempotency key. Attempts that failed are on record and passed over, so that a
    /// key is good until its call has an answer.
    pub(super) async fn find(
        commands: &Commands,
        wish: &ChatWish,
        ids: &dyn IdGenerator,
    ) -> Result<Known, ChatError> {
        loop {
            let attempt = Self::draw(wish, ids);
            if !wish.repeatable {
                return Ok(Known::New(attempt));
            }
            match commands.responses.load(attempt.id.as_str()).await?.state {
                Response::NotRequested => return Ok(Known::New(attempt)),
                Response::Open(_) => return Err(ChatError::StillRunning),
                Response::Deleted { .. } => {
                    return Err(CommandError::Refused(ResponseError::NotFound).into());
                }
                Response::Closed {
                    ending: Ending::Failed { .. } | Ending::Cancelled { .. },
                    ..
                } => {}
                Response::Closed {
                    call,
                    ending:
                        Ending::Completed { answer, usage } | Ending::Incomplete { answer, usage, .. },
                    ..
                } => {
                    let made_at = call.requested_at.timestamp();
                    let reply = retell::reply(attempt.names(), made_at, (answer, usage), wish)
                        .ok_or(ChatError::AnswerNotKept)?;
                    return Ok(Known::Made(attempt.run(reply)));
                }
            }
        }
    }

    fn draw(wish: &ChatWish, ids: &dyn IdGenerator) -> Self {
        let id = ids.response(Surface::ChatCompletions);
        let conversation = match &wish.conversation {
            None => None,
            Some(ConversationRef::Existing(known)) => Some(known.clone()),
            Some(ConversationRef::New { .. }) => Some(ids.conversation()),
        };
        Self { id, conversation }
    }

    fn names(&self) -> (&ResponseId, Option<&ConversationId>) {
        (&self.id, self.conversation.as_ref())
    }

    pub(super) fn run(self, reply: super::ChatReply) -> ChatRun {
        ChatRun {
            id: self.id,
            conversation: self.conversation,
            reply,
        }
    }
}
