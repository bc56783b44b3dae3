use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::id::{AccountId, ConversationId, ItemId, MediaId, ResponseId, SessionId};
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
            Surface::Responses | Surface::Mcp => ResponseId::RUN_PREFIX,
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

    /// A new item's id, in the prefix of its type, such as `rs_`.
    fn item(&self, prefix: &str) -> ItemId {
        ItemId::parse(&format!("{prefix}{}", self.fresh())).expect("hex digits make an id")
    }

    /// New media's id. The hour of a fresh id is the hour of the ULID in it.
    fn media(&self) -> MediaId {
        let bits = u128::from_str_radix(&self.fresh(), 16);
        MediaId::from_bits(bits.expect("fresh ids are 32 hex digits"))
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

/// Ids that follow from a seed: the same seed gives the same ids in the same order.
#[derive(Debug)]
pub struct SeededIds {
    seed: [u8; 32],
    drawn: AtomicU64,
}

impl SeededIds {
    /// Starts a sequence; whoever knows the seed knows the ids, so it must not be guessable.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            drawn: AtomicU64::new(0),
        }
    }
}

impl IdGenerator for SeededIds {
    fn fresh(&self) -> String {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        let hash = Sha256::new()
            .chain_update(self.seed)
            .chain_update(drawn.to_be_bytes())
            .finalize();
        hash[..16]
            .iter()
            .fold(String::with_capacity(32), |mut text, byte| {
                text.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
                text.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
                text
            })
    }
}
