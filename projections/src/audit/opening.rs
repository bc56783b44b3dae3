//! Opening what is sealed under keys of its owners, for those who may read it.

use std::collections::BTreeSet;

use jan_domain::ports::{KeyFailure, KeyState, Keyring};
use jan_domain::sealed::{self, Place};

use super::exported_event::ExportedEvent;

/// Opens those of these events whose keys can be had; the others stay as they are.
pub(super) async fn open(
    events: &mut [ExportedEvent],
    keyring: &dyn Keyring,
) -> Result<(), KeyFailure> {
    let sealed = events.iter().filter_map(|event| {
        let sealed = sealed::find(&event.payload)?.ok()?;
        Some(sealed.key().to_owned())
    });
    let ids: Vec<String> = sealed.collect::<BTreeSet<_>>().into_iter().collect();
    if ids.is_empty() {
        return Ok(());
    }
    let keys = keyring.find(&ids).await?;
    for event in events {
        let opened = opened(event, |id| keys.get(id));
        event.payload = opened.unwrap_or_else(|| std::mem::take(&mut event.payload));
    }
    Ok(())
}

fn opened<'k>(
    event: &ExportedEvent,
    key: impl FnOnce(&str) -> Option<&'k KeyState>,
) -> Option<String> {
    let sealed = sealed::find(&event.payload)?.ok()?;
    let KeyState::Held(seal) = key(sealed.key())? else {
        return None;
    };
    let place = Place {
        aggregate_type: &event.aggregate_type,
        aggregate_id: &event.aggregate_id,
        sequence: event.sequence,
        event_type: &event.event_type,
        event_version: &event.event_version,
    };
    sealed.open(&place, seal.as_ref()).ok()
}
