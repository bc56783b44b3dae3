use std::sync::Arc;

use cqrs_es::{Aggregate, DomainEvent};
use jan_domain::Owner;
use jan_domain::history::is_personal;
use jan_domain::metadata::Metadata;
use jan_domain::ports::{IdGenerator, KeyFailure, Keyring};
use jan_domain::sealed::{self, Place};
use uuid::Uuid;

/// An event on its way to the log.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub(super) aggregate_type: &'static str,
    pub(super) aggregate_id: Arc<str>,
    pub(super) sequence: i64,
    pub(super) event_type: String,
    pub(super) event_version: String,
    /// JSON text; these very bytes are kept.
    pub(super) payload: String,
    pub(super) metadata: Arc<str>,
    /// Tells our own row from somebody else's when the outcome of a write is in doubt.
    pub(super) event_id: Uuid,
    /// Under whose key it is sealed, if it is personal.
    pub(super) owner: Owner,
}

impl NewEvent {
    /// Seals what is personal, so that only its owner's key opens it, and only in this place.
    pub(super) async fn seal(&mut self, keyring: &dyn Keyring) -> Result<(), KeyFailure> {
        if !is_personal(&self.event_type) {
            return Ok(());
        }
        let Some(key) = keyring.key_of(&self.owner).await? else {
            return Ok(());
        };
        let place = Place {
            aggregate_type: self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
        };
        self.payload = sealed::seal(&place, &key, &self.payload);
        Ok(())
    }
}

/// The events that continue one stream after `version`, ready to be appended.
pub(super) fn continue_stream<A: Aggregate>(
    id: &Arc<str>,
    version: i64,
    events: &[A::Event],
    metadata: &Metadata,
    ids: &dyn IdGenerator,
) -> Vec<NewEvent> {
    let told: Arc<str> = text_of(metadata).into();
    events
        .iter()
        .zip(version + 1..)
        .map(|(event, sequence)| NewEvent {
            aggregate_type: A::TYPE,
            aggregate_id: Arc::clone(id),
            sequence,
            event_type: event.event_type(),
            event_version: event.event_version(),
            payload: text_of(event),
            metadata: Arc::clone(&told),
            event_id: Uuid::try_parse(&ids.fresh()).expect("fresh ids are 32 hex digits"),
            owner: Owner {
                tenant: metadata.tenant_id.clone(),
                account: metadata.owner_id.clone(),
            },
        })
        .collect()
}

/// Most events and all metadata are no longer, so their text is allocated once.
const USUAL_BYTES: usize = 2048;

fn text_of(value: &impl serde::Serialize) -> String {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut text, value).expect("our shapes have text keys");
    String::from_utf8(text).expect("JSON is UTF-8")
}
