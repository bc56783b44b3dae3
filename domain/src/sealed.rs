//! Payloads that only their owner's key opens.
//!
//! A sealed payload stands in the log as `{"sealed":{"v":1,"key":…,"data":…}}`: the name of the key,
//! and nonce, ciphertext and tag in Base64. It is bound to its place, so that it opens nowhere else.
//! No event has a variant called `sealed`, so what was written before there were keys is told apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ports::{OwnerKey, Seal};

/// Where an event stands. What is sealed for one place opens in no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The kind of its stream.
    pub aggregate_type: &'a str,
    /// Its stream.
    pub aggregate_id: &'a str,
    /// Its place in the stream.
    pub sequence: i64,
    /// What it is.
    pub event_type: &'a str,
    /// The version of its shape.
    pub event_version: &'a str,
}

impl Place<'_> {
    /// None of the parts can hold a line end, so two places never have one context.
    fn context(&self) -> String {
        let Self {
            aggregate_type,
            aggregate_id,
            sequence,
            event_type,
            event_version,
        } = self;
        format!("{aggregate_type}\n{aggregate_id}\n{sequence}\n{event_type}\n{event_version}")
    }
}

/// Why a sealed payload does not open, although its key is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealBroken {
    /// Not in a form that we write.
    #[error("a sealed payload is not in a form that is known here")]
    Form,
    /// Changed, or moved from another place.
    #[error("a sealed payload was not sealed for this place")]
    Place,
    /// The key was never here.
    #[error("there is no key called '{0}' here; are the database's master keys?")]
    NoKey(String),
}

const VERSION: u8 = 1;
/// What every sealed payload begins with, and no other.
pub const BEGINNING: &str = r#"{"sealed":"#;

/// A sealed payload as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedPayload<'a> {
    v: u8,
    key: &'a str,
    data: &'a str,
}

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    sealed: SealedPayload<'a>,
}

/// Seals a payload for its place.
pub fn seal(place: &Place<'_>, key: &OwnerKey, payload: &str) -> String {
    let sealed = key.seal.seal(&place.context(), payload.as_bytes());
    let mut text = String::with_capacity(BEGINNING.len() + 64 + sealed.len() * 4 / 3 + 8);
    text.push_str(r#"{"sealed":{"v":1,"key":""#);
    text.push_str(&key.id);
    text.push_str(r#"","data":""#);
    STANDARD.encode_string(sealed, &mut text);
    text.push_str(r#""}}"#);
    text
}

/// What is sealed in the text of a payload; `None` if it lies open.
pub fn find(payload: &str) -> Option<Result<SealedPayload<'_>, SealBroken>> {
    payload.starts_with(BEGINNING).then(|| {
        let envelope: Result<Envelope<'_>, _> = serde_json::from_str(payload);
        envelope
            .map_err(|_| SealBroken::Form)
            .and_then(|envelope| envelope.sealed.known())
    })
}

/// The same, for a payload that was read already.
pub fn find_in(payload: &Value) -> Option<Result<SealedPayload<'_>, SealBroken>> {
    let sealed = payload.get("sealed")?;
    let read = SealedPayload::deserialize(sealed).map_err(|_| SealBroken::Form);
    Some(read.and_then(SealedPayload::known))
}

impl<'a> SealedPayload<'a> {
    /// The name of the key that opens it.
    pub fn key(&self) -> &'a str {
        self.key
    }

    /// The payload, if it was sealed for this place.
    pub fn open(&self, place: &Place<'_>, seal: &dyn Seal) -> Result<String, SealBroken> {
        let sealed = STANDARD.decode(self.data).map_err(|_| SealBroken::Form)?;
        let opened = seal.open(&place.context(), &sealed);
        let text = opened.and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or(SealBroken::Place)
    }

    fn known(self) -> Result<Self, SealBroken> {
        if self.v == VERSION {
            Ok(self)
        } else {
            Err(SealBroken::Form)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// Opens what was sealed for the same context, and hides nothing.
    struct Glass;

    impl Seal for Glass {
        fn seal(&self, context: &str, plain: &[u8]) -> Vec<u8> {
            [context.as_bytes(), b"\0", plain].concat()
        }

        fn open(&self, context: &str, sealed: &[u8]) -> Option<Vec<u8>> {
            let expected = [context.as_bytes(), b"\0"].concat();
            sealed.strip_prefix(&expected[..]).map(<[u8]>::to_vec)
        }
    }

    const PLACE: Place<'_> = Place {
        aggregate_type: "conversation",
        aggregate_id: "conv_1",
        sequence: 2,
        event_type: "ConversationTitleChanged",
        event_version: "1.0",
    };

    #[test]
    fn what_is_sealed_for_one_place_opens_in_no_other() {
        let key = OwnerKey {
            id: "dk_1".into(),
            seal: Arc::new(Glass),
        };
        let payload = r#"{"TitleChanged":{"title":"x"}}"#;
        let text = seal(&PLACE, &key, payload);
        let sealed = find(&text).unwrap().unwrap();
        assert_eq!(sealed.key(), "dk_1");
        assert_eq!(sealed.open(&PLACE, &Glass).as_deref(), Ok(payload));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(find_in(&value), Some(Ok(sealed.clone())));
        let moved = [
            Place {
                sequence: 3,
                ..PLACE
            },
            Place {
                aggregate_id: "conv_2",
                ..PLACE
            },
            Place {
                event_type: "ConversationReferrerChanged",
                ..PLACE
            },
            Place {
                event_version: "1.1",
                ..PLACE
            },
            Place {
                aggregate_type: "response",
                ..PLACE
            },
        ];
        for place in moved {
            assert_eq!(sealed.open(&place, &Glass), Err(SealBroken::Place));
        }
    }

    #[test]
    fn open_payloads_and_unknown_forms_are_told_apart() {
        assert_eq!(find(r#"{"Created":{"title":"{\"sealed\":"}}"#), None);
        for strange in [
            r#"{"sealed":{}}"#,
            r#"{"sealed":{"v":2,"key":"dk_1","data":""}}"#,
            r#"{"sealed":"#,
        ] {
            assert_eq!(find(strange), Some(Err(SealBroken::Form)), "{strange}");
        }
    }
}
