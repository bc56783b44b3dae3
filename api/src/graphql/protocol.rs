//! The messages of `graphql-transport-ws`, and the codes with which a connection ends.

use async_graphql::ServerError;
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::Answer;
use super::door::Given;

/// The name under which clients ask for it.
pub(super) const PROTOCOL: &str = "graphql-transport-ws";
/// Longest id of an operation.
pub(super) const ID_BYTES_MAX: usize = 128;

/// What clients say.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said {
    /// The first message; `payload` may hold the token.
    ConnectionInit {
        #[serde(default)]
        payload: Value,
    },
    Ping {},
    Pong {},
    Subscribe {
        id: String,
        payload: Given,
    },
    Complete {
        id: String,
    },
}

/// What clients are told.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Told<'a> {
    ConnectionAck,
    Pong,
    Next { id: &'a str, payload: &'a Answer },
    Error { id: &'a str, payload: &'a Value },
    Complete { id: &'a str },
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// The server stops, or the connection has lived as long as it may.
    GoingAway,
    BadMessage,
    Unauthorized,
    Forbidden,
    InitTimeout,
    SameId,
    TooManyInits,
    TooManyOperations,
}

impl Closing {
    /// The code and its words.
    pub(super) fn told(self) -> (u16, &'static str) {
        match self {
            Self::GoingAway => (1001, "Going away"),
            Self::BadMessage => (4400, "Invalid message"),
            Self::Unauthorized => (4401, "Unauthorized"),
            Self::Forbidden => (4403, "Forbidden"),
            Self::InitTimeout => (4408, "Connection initialisation timeout"),
            Self::SameId => (4409, "Subscriber for this id already exists"),
            Self::TooManyInits => (4429, "Too many initialisation requests"),
            Self::TooManyOperations => (4429, "Too many operations at once"),
        }
    }
}

/// The credentials that a first message holds: `Authorization` as in HTTP, beside or below `headers`,
/// or a bare `token`.
pub(super) fn credentials_of(payload: &Value) -> Option<HeaderMap> {
    let named = |fields: &Value| {
        let fields = fields.as_object()?.iter();
        let mut named = fields.filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        named.next()?.1.as_str().map(str::to_owned)
    };
    let bare = || Some(format!("Bearer {}", payload["token"].as_str()?));
    let told = named(payload)
        .or_else(|| named(&payload["headers"]))
        .or_else(bare)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&told).ok()?);
    Some(headers)
}

/// The errors of something that was not begun.
pub(super) fn payload_of(errors: &[ServerError]) -> Value {
    serde_json::to_value(errors).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_token_is_found_where_clients_put_it() {
        for payload in [
            json!({"Authorization": "Bearer a"}),
            json!({"authorization": "Bearer a"}),
            json!({"headers": {"authorization": "Bearer a"}}),
            json!({"token": "a"}),
        ] {
            let headers = credentials_of(&payload).unwrap();
            assert_eq!(headers[header::AUTHORIZATION], "Bearer a", "{payload}");
        }
        for payload in [json!(null), json!({}), json!("a"), json!({"token": "\n"})] {
            assert!(credentials_of(&payload).is_none(), "{payload}");
        }
    }
}
