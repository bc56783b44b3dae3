//! Typed ids. On the wire and in the store an id is its prefix and a body of `[0-9A-Za-z_-]`.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Longest id we accept from outside, prefix included.
pub const ID_LENGTH_MAX: usize = 128;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that begins with '{expected}'")]
pub struct InvalidId {
    /// The prefix, or prefixes, that would have been right.
    pub expected: &'static str,
}

fn well_formed(text: &str, prefixes: &[&str]) -> bool {
    text.len() <= ID_LENGTH_MAX
        && prefixes.iter().any(|prefix| {
            text.strip_prefix(prefix).is_some_and(|body| {
                !body.is_empty()
                    && body
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
            })
        })
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, [$($prefix:literal),+]) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// The prefixes an id of this kind may begin with; the first is the one we give out.
            pub const PREFIXES: &'static [&'static str] = &[$($prefix),+];

            /// Accepts a text of the right prefix and alphabet.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if well_formed(text, Self::PREFIXES) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId { expected: $expected })
                }
            }

            /// The id as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }
    };
}

id!(
    /// A conversation's stream and public id.
    ConversationId, "conv_", ["conv_"]
);
id!(
    /// One model call's stream and public id. Chat completions keep OpenAI's own prefix.
    ResponseId, "chatcmpl-' or 'resp_", ["chatcmpl-", "resp_"]
);
id!(
    /// A document's stream: its owner and its name, hashed.
    DocumentId, "doc_", ["doc_"]
);
id!(
    /// Media's stream and public id.
    MediaId, "jan_", ["jan_"]
);
id!(
    /// A person, guest or service.
    AccountId, "user_", ["user_"]
);
id!(
    /// One signed-in device of an account; the `sid` claim of its tokens.
    SessionId, "sess_", ["sess_"]
);
id!(
    /// One planned side effect. Derived from its input, so planning again gives the same id.
    StepId, "step_", ["step_"]
);
id!(
    /// One run of one server process. Never reused, so a missing lease means a dead process.
    NodeId, "node_", ["node_"]
);
id!(
    /// An API key's public id, never the key.
    ApiKeyId, "key_", ["key_"]
);

impl ResponseId {
    /// How the ids of runs begin; all others are chat completions.
    pub const RUN_PREFIX: &'static str = "resp_";
}

impl MediaId {
    /// The id of these bits: `jan_` and a ULID in lower case, as Jan's ids are.
    ///
    /// # Panics
    /// Never: a prefix and such digits make an id.
    pub fn from_bits(bits: u128) -> Self {
        const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let digit = |place: u32| char::from(DIGITS[(bits >> (5 * place)) as usize & 31]);
        let body = (0..26).rev().map(digit);
        let id: String = "jan_".chars().chain(body).collect();
        Self::parse(&id).expect("a prefix and such digits make an id")
    }
}

/// An item of a conversation. Clients may bring ids of their own, so any known prefix is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ItemId(Arc<str>);

impl ItemId {
    /// Accepts any non-empty text of the id alphabet: item types outnumber the prefixes we know.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        if well_formed(text, &[""]) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidId { expected: "msg_" })
        }
    }

    /// The id as it stands on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ItemId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        Self::parse(&text)
    }
}

impl From<ItemId> for String {
    fn from(id: ItemId) -> Self {
        id.0.as_ref().to_owned()
    }
}

/// The organisation that owns everything its members make. One deployment starts with `default`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// Takes the operator's or the identity provider's word for it.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The id as it stands in the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for TenantId {
    fn default() -> Self {
        Self::new("default")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_media_is_a_ulid_in_lower_case() {
        assert_eq!(
            MediaId::from_bits(0).as_str(),
            "jan_00000000000000000000000000"
        );
        assert_eq!(
            MediaId::from_bits(u128::MAX).as_str(),
            "jan_7zzzzzzzzzzzzzzzzzzzzzzzzz"
        );
        assert_eq!(
            MediaId::from_bits(32 + 31).as_str(),
            "jan_0000000000000000000000001z"
        );
    }

    #[test]
    fn an_id_of_another_kind_or_alphabet_is_refused() {
        assert!(ConversationId::parse("conv_0a").is_ok());
        for wrong in [
            "conv_",
            "resp_0a",
            "conv_a b",
            "conv_é",
            "",
            "conv_a/../b",
            "conv_\0",
        ] {
            assert!(ConversationId::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(ResponseId::parse("chatcmpl-1").is_ok() && ResponseId::parse("resp_1").is_ok());
        assert!(ItemId::parse(&"a".repeat(ID_LENGTH_MAX + 1)).is_err());
    }
}
