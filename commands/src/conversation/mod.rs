//! What callers do to their own conversations. Somebody else's answers like one that never was.

mod change;
mod create;
mod delete;
mod fork;
mod past;

pub use change::change_conversation;
pub use create::{NewConversation, create_conversation};
pub use delete::{delete_conversation, delete_conversations, delete_item};
pub use fork::{Extent, Fork, NewFork, fork_conversation};
pub use past::{PastConversation, PastItem, conversation_as_of, conversation_versions};

use jan_domain::Caller;
use jan_domain::conversation::{Conversation, ConversationError, LiveConversation};

/// The live conversation in `state`, if `caller` may know of it.
fn own<'a>(
    state: &'a Conversation,
    caller: &Caller,
) -> Result<&'a LiveConversation, ConversationError> {
    match state {
        Conversation::Live(live) if caller.sees(&live.owner) => Ok(live),
        Conversation::NotCreated | Conversation::Live(_) | Conversation::Deleted { .. } => {
            Err(ConversationError::NotFound)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_domain::caller::{CallerKind, Owner};
    use jan_domain::id::{AccountId, TenantId};
    use std::collections::BTreeSet;

    fn caller(tenant: &str, account: &str) -> Caller {
        Caller {
            owner: Owner {
                tenant: TenantId::new(tenant),
                account: AccountId::parse(account).unwrap(),
            },
            kind: CallerKind::Guest,
            session: None,
            key: None,
        }
    }

    #[test]
    fn only_a_live_conversation_of_the_caller_is_there() {
        let ada = caller("default", "user_ada");
        let live = LiveConversation {
            owner: ada.owner.clone(),
            created_at: chrono::DateTime::UNIX_EPOCH,
            title: None,
            metadata: jan_domain::UserMetadata::default(),
            referrer: None,
            items: Vec::new(),
            deleted_items: BTreeSet::new(),
            origin: None,
            run: None,
        };
        assert_eq!(own(&Conversation::Live(live.clone()), &ada), Ok(&live));
        let missing = Err(ConversationError::NotFound);
        assert_eq!(own(&Conversation::NotCreated, &ada), missing);
        let deleted = Conversation::Deleted {
            owner: ada.owner.clone(),
        };
        assert_eq!(own(&deleted, &ada), missing);
        for other in [caller("default", "user_bob"), caller("other", "user_ada")] {
            assert_eq!(own(&Conversation::Live(live.clone()), &other), missing);
        }
    }
}
