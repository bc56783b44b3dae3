//! Opening what is sealed on a page.

use std::collections::HashMap;

use jan_domain::history::{self, DecodeError, Event};
use jan_domain::ports::{KeyState, Keyring};
use jan_domain::sealed::{self, Place};

/// The key of a sealed payload is not known where it was asked for.
pub(super) struct NoKeyYet(pub(super) String);

/// Decodes a payload, opening it first if it is sealed. What nobody can open any more is a
/// tombstone.
pub(super) fn decode(
    place: &Place<'_>,
    payload: &str,
    key: impl FnOnce(&str) -> Option<KeyState>,
) -> Result<Result<Event, DecodeError>, NoKeyYet> {
    let read = |text: &str| {
        history::decode(
            place.aggregate_type,
            place.event_type,
            place.event_version,
            text,
        )
    };
    let broken = |source| DecodeError::Sealed {
        event_type: place.event_type.to_owned(),
        source,
    };
    let sealed = match sealed::find(payload) {
        None => return Ok(read(payload)),
        Some(Ok(sealed)) => sealed,
        Some(Err(error)) => return Ok(Err(broken(error))),
    };
    match key(sealed.key()) {
        None => Err(NoKeyYet(sealed.key().to_owned())),
        Some(KeyState::Destroyed) => Ok(Ok(Event::Tombstone)),
        Some(KeyState::Held(seal)) => Ok(sealed
            .open(place, seal.as_ref())
            .map_err(broken)
            .and_then(|text| read(&text))),
    }
}

/// What became of these keys. Keys that cannot be had are an outage, and nobody passes their events.
pub(super) async fn find(
    keyring: &dyn Keyring,
    ids: &[String],
) -> Result<HashMap<String, KeyState>, sqlx::Error> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = keyring.find(ids).await;
    found.map_err(|failure| sqlx::Error::Io(std::io::Error::other(failure)))
}
