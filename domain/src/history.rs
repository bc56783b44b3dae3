//! The only reading of stored events: decoding, upcasting, and one enum over all aggregates.

use cqrs_es::persist::{EventUpcaster, SerializedEvent};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::account::AccountEvent;
use crate::conversation::ConversationEvent;
use crate::document::DocumentEvent;
use crate::media::MediaEvent;
use crate::projection::ProjectionEvent;
use crate::response::ResponseEvent;
use crate::sealed::SealBroken;

/// An event of any aggregate.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Of a conversation.
    Conversation(ConversationEvent),
    /// Of a response. Boxed by its own large variants.
    Response(ResponseEvent),
    /// Of an account.
    Account(AccountEvent),
    /// Of a document.
    Document(DocumentEvent),
    /// Of media.
    Media(MediaEvent),
    /// A decision about a read model.
    Projection(ProjectionEvent),
    /// Of an owner that was erased: it happened, and nobody can say any more what it was.
    Tombstone,
}

/// Events that hold nothing a person said, made or is called: names of things, times, and hashes.
/// They are kept readable, because the server itself asks for them in SQL and after an erasure.
pub const IMPERSONAL: &[&str] = &[
    "AccountErased",
    "AccountGuestCreated",
    "AccountSessionClosed",
    "AccountSessionOpened",
    "AccountSessionRefreshed",
    "ConversationDeleted",
    "ConversationItemDeleted",
    "ConversationRunBegan",
    "ConversationRunEnded",
    "DocumentRemoved",
    "MediaDeleted",
    "MediaExpired",
    "MediaPurged",
    "ProjectionEventSkipped",
    "ResponseClaimed",
    "ResponseDeleted",
    "ResponseStepOutcomeUnknown",
];

/// Whether an event of this type is sealed under its owner's key. What nobody has thought of is.
pub fn is_personal(event_type: &str) -> bool {
    !IMPERSONAL.contains(&event_type)
}

/// The one event that is still taken in when its owner is being erased: the one that says so.
pub const ERASED: &str = "AccountErased";

/// Why a stored event cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A newer or foreign program wrote it.
    #[error("no aggregate is called '{0}'")]
    UnknownAggregate(String),
    /// The payload does not fit the type.
    #[error("a stored {event_type} {event_version} does not fit its type")]
    Payload {
        /// As stored.
        event_type: String,
        /// As stored.
        event_version: String,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// It is sealed, and its key does not open it.
    #[error("a stored {event_type} cannot be opened")]
    Sealed {
        /// As stored.
        event_type: String,
        /// Why not.
        source: SealBroken,
    },
}

/// The steps that turn old events into today's, applied in order whenever a stream is loaded or
/// followed. None is needed yet: every event is still at version 1.0.
pub fn upcasters() -> Vec<Box<dyn EventUpcaster>> {
    Vec::new()
}

/// Decodes the payload of a stored event, upcasting it first when it is old.
pub fn decode(
    aggregate_type: &str,
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<Event, DecodeError> {
    decode_with(
        &upcasters(),
        aggregate_type,
        event_type,
        event_version,
        payload,
    )
}

fn decode_with(
    upcasters: &[Box<dyn EventUpcaster>],
    aggregate_type: &str,
    event_type: &str,
    event_version: &str,
    payload: &str,
) -> Result<Event, DecodeError> {
    let failed = |source| DecodeError::Payload {
        event_type: event_type.to_owned(),
        event_version: event_version.to_owned(),
        source,
    };
    let old = upcasters
        .iter()
        .any(|step| step.can_upcast(event_type, event_version));
    let raised = if old {
        let value = serde_json::from_str(payload).map_err(failed)?;
        Some(upcast(upcasters, aggregate_type, event_type, event_version, value).to_string())
    } else {
        None
    };
    let text = raised.as_deref().unwrap_or(payload);
    match aggregate_type {
        "conversation" => read(text).map(Event::Conversation).map_err(failed),
        "response" => read(text).map(Event::Response).map_err(failed),
        "account" => read(text).map(Event::Account).map_err(failed),
        "document" => read(text).map(Event::Document).map_err(failed),
        "media" => read(text).map(Event::Media).map_err(failed),
        "projection" => read(text).map(Event::Projection).map_err(failed),
        other => Err(DecodeError::UnknownAggregate(other.to_owned())),
    }
}

fn read<E: DeserializeOwned>(text: &str) -> Result<E, serde_json::Error> {
    serde_json::from_str(text)
}

fn upcast(
    upcasters: &[Box<dyn EventUpcaster>],
    aggregate_type: &str,
    event_type: &str,
    event_version: &str,
    payload: Value,
) -> Value {
    let stored = SerializedEvent::new(
        String::new(),
        0,
        aggregate_type.to_owned(),
        event_type.to_owned(),
        event_version.to_owned(),
        payload,
        Value::Null,
    );
    let raised = upcasters.iter().fold(stored, |event, step| {
        if step.can_upcast(&event.event_type, &event.event_version) {
            step.upcast(event)
        } else {
            event
        }
    });
    raised.payload
}

#[cfg(test)]
mod tests {
    use super::*;
    use cqrs_es::persist::SemanticVersionEventUpcaster;

    #[test]
    fn an_old_event_is_raised_before_it_is_read() {
        let step = SemanticVersionEventUpcaster::new(
            "ConversationTitleChanged",
            "1.0",
            Box::new(|mut payload| {
                let name = payload["TitleChanged"]["name"].take();
                payload["TitleChanged"]["title"] = name;
                payload
            }),
        );
        let stored = r#"{"TitleChanged":{"name":"x","at":"2026-01-01T00:00:00Z"}}"#;
        let read = decode_with(
            &[Box::new(step)],
            "conversation",
            "ConversationTitleChanged",
            "0.9",
            stored,
        );
        let Ok(Event::Conversation(ConversationEvent::TitleChanged { title, .. })) = read else {
            panic!("{read:?}");
        };
        assert_eq!(title, "x");
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_not_a_panic() {
        assert!(matches!(
            decode("tea", "TeaMade", "1.0", "{}"),
            Err(DecodeError::UnknownAggregate(_))
        ));
        assert!(matches!(
            decode("account", "AccountGuestCreated", "1.0", "{}"),
            Err(DecodeError::Payload { .. })
        ));
    }
}
