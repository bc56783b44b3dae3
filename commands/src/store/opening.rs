//! Opening what is loaded, before it is folded.

use std::collections::HashMap;

use cqrs_es::persist::SerializedEvent;
use jan_domain::ports::{KeyFailure, KeyState, Keyring};
use jan_domain::sealed::{self, Place, SealBroken};
use serde_json::Value;

/// What is left of a payload.
pub(super) enum Opened {
    /// All of it, as it was read.
    Value(Value),
    /// All of it, as it was sealed.
    Text(String),
    /// Nothing: its owner was erased.
    Lost,
}

/// The keys of what was sealed in these events.
pub(super) async fn keys_of(
    keyring: &dyn Keyring,
    events: &[SerializedEvent],
) -> Result<HashMap<String, KeyState>, KeyFailure> {
    let mut keys = HashMap::new();
    let mut missing = Vec::new();
    for event in events {
        let Some(Ok(sealed)) = sealed::find_in(&event.payload) else {
            continue;
        };
        let id = sealed.key();
        if keys.contains_key(id) || missing.iter().any(|known| known == id) {
            continue;
        }
        match keyring.remembered(id) {
            Some(state) => drop(keys.insert(id.to_owned(), state)),
            None => missing.push(id.to_owned()),
        }
    }
    if !missing.is_empty() {
        keys.extend(keyring.find(&missing).await?);
    }
    Ok(keys)
}

/// The payload of an event, which is sealed or not.
pub(super) fn open(
    event: &mut SerializedEvent,
    keys: &HashMap<String, KeyState>,
) -> Result<Opened, SealBroken> {
    let Some(sealed) = sealed::find_in(&event.payload) else {
        return Ok(Opened::Value(event.payload.take()));
    };
    let sealed = sealed?;
    let place = Place {
        aggregate_type: &event.aggregate_type,
        aggregate_id: &event.aggregate_id,
        sequence: i64::try_from(event.sequence).map_err(|_| SealBroken::Place)?,
        event_type: &event.event_type,
        event_version: &event.event_version,
    };
    match keys.get(sealed.key()) {
        Some(KeyState::Held(seal)) => sealed.open(&place, seal.as_ref()).map(Opened::Text),
        Some(KeyState::Destroyed) => Ok(Opened::Lost),
        None => Err(SealBroken::NoKey(sealed.key().to_owned())),
    }
}
