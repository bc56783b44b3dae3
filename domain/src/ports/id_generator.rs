use crate::id::{AccountId, ConversationId, ItemId, ResponseId, SessionId};
use crate::response::Surface;

/// The source of fresh ids. Given a seed, it answers the same ids every time: that is how a
/// request repeated under one `Idempotency-Key` finds what its first run made.
pub trait IdGenerator: Send + Sync {
    /// 32 hex digits, new each time, later ones sorting after earlier ones.
    fn fresh(&self) -> String;

    /// A new conversation's id.
    fn conversation(&self) -> ConversationId {
        ConversationId::parse(&format!("conv_{}", self.fresh())).expect("hex digits make an id")
    }

    /// A new response's id, in the prefix of the door it came through.
    fn response(&self, surface: Surface) -> ResponseId {
        let prefix = match surface {
            Surface::ChatCompletions => "chatcmpl-",
        };
        ResponseId::parse(&format!("{prefix}{}", self.fresh())).expect("hex digits make an id")
    }

    /// A new message's id.
    fn message(&self) -> ItemId {
        ItemId::parse(&format!("msg_{}", self.fresh())).expect("hex digits make an id")
    }

    /// A new function call's id.
    fn function_call(&self) -> ItemId {
        ItemId::parse(&format!("fc_{}", self.fresh())).expect("hex digits make an id")
    }

    /// A new account's id.
    fn account(&self) -> AccountId {
        AccountId::parse(&format!("user_{}", self.fresh())).expect("hex digits make an id")
    }

    /// A new session's id.
    fn session(&self) -> SessionId {
        SessionId::parse(&format!("sess_{}", self.fresh())).expect("hex digits make an id")
    }
}
