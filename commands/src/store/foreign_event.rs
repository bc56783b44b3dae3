use chrono::{DateTime, Utc};
use cqrs_es::DomainEvent;
use jan_domain::Owner;
use jan_domain::history::{self, DecodeError, Event};
use jan_domain::id::{
    AccountId, ConversationId, DocumentId, InvalidId, MediaId, ResponseId, TenantId,
};
use jan_domain::metadata::Metadata;
use jan_domain::response::ResponseEvent;
use jan_domain::sealed;
use uuid::Uuid;

/// An event that another log has recorded.
#[derive(Debug, Clone)]
pub struct ForeignEvent {
    /// Where it stands in its file, from 1.
    pub line: usize,
    /// Its own id.
    pub event_id: Uuid,
    /// What its stream is of: `conversation`, `response`, `account`, `document` or `media`.
    pub aggregate_type: String,
    /// The stream.
    pub aggregate_id: String,
    /// Its place in the stream, from 1.
    pub sequence: i64,
    /// Aggregate and variant.
    pub event_type: String,
    /// The version of its shape.
    pub event_version: String,
    /// JSON text, byte for byte.
    pub payload: String,
    /// JSON text, byte for byte.
    pub metadata: String,
    /// When the other log took it.
    pub recorded_at: DateTime<Utc>,
}

/// Why an event is not taken, whatever is on record already.
#[derive(Debug, thiserror::Error)]
pub enum Unacceptable {
    /// Nobody here could read it.
    #[error(transparent)]
    Undecodable(#[from] DecodeError),
    /// It is not what it is called.
    #[error("it is called {said} {said_version}, but its payload is a {is} {is_version}")]
    Misnamed {
        /// As it is called.
        said: String,
        /// As it is called.
        said_version: String,
        /// As its payload has it.
        is: String,
        /// As this program writes it.
        is_version: String,
    },
    /// Its stream's name is not one.
    #[error("its stream '{id}' is not named as one of its kind")]
    Stream {
        /// The name.
        id: String,
        /// What would have been right.
        source: InvalidId,
    },
    /// Nobody would know who did it.
    #[error("its metadata does not say who, why and for whom")]
    Metadata(#[source] serde_json::Error),
    /// It stands before the beginning of its stream.
    #[error("sequences begin at 1")]
    Sequence,
    /// Its owner's key is in the log it comes from, and nowhere else.
    #[error(
        "it is sealed under its owner's key, which stays where it is: use `events export --open`"
    )]
    Sealed,
    /// It names places of the log it comes from.
    #[error("it is a decision about a read model of the log it comes from")]
    Local,
    /// Its owner's tenant cannot be replaced.
    #[error("its payload does not name its owner where it should")]
    Owner,
}

impl ForeignEvent {
    /// Whether this program could have written it.
    pub fn check(&self) -> Result<(), Unacceptable> {
        if self.sequence < 1 {
            return Err(Unacceptable::Sequence);
        }
        if sealed::find(&self.payload).is_some() {
            return Err(Unacceptable::Sealed);
        }
        let event = self.decoded()?;
        let (is, is_version) = name_of(&event);
        let old = history::upcasters();
        let old = old
            .iter()
            .any(|step| step.can_upcast(&self.event_type, &self.event_version));
        if self.event_type != is || (self.event_version != is_version && !old) {
            return Err(Unacceptable::Misnamed {
                said: self.event_type.clone(),
                said_version: self.event_version.clone(),
                is,
                is_version,
            });
        }
        let id = self.aggregate_id.as_str();
        let named = match event {
            Event::Conversation(_) => ConversationId::parse(id).map(drop),
            Event::Response(_) => ResponseId::parse(id).map(drop),
            Event::Account(_) => AccountId::parse(id).map(drop),
            Event::Document(_) => DocumentId::parse(id).map(drop),
            Event::Media(_) => MediaId::parse(id).map(drop),
            Event::Projection(_) => return Err(Unacceptable::Local),
            Event::Tombstone => Ok(()),
        };
        named.map_err(|source| Unacceptable::Stream {
            id: id.to_owned(),
            source,
        })?;
        serde_json::from_str::<Metadata>(&self.metadata)
            .map(drop)
            .map_err(Unacceptable::Metadata)
    }

    /// Gives it to another tenant: in its metadata, and in its payload if that names an owner.
    pub fn move_into(&mut self, tenant: &TenantId) -> Result<(), Unacceptable> {
        let mut metadata: Metadata =
            serde_json::from_str(&self.metadata).map_err(Unacceptable::Metadata)?;
        metadata.tenant_id = tenant.clone();
        self.metadata = serde_json::to_string(&metadata).expect("our shapes have text keys");
        let event = self.decoded()?;
        let Some(owner) = owner_of(&event) else {
            return Ok(());
        };
        // Everything else stays the bytes it was, so the event is not written anew.
        let named = |owner: &Owner| {
            let owner = serde_json::to_string(owner).expect("our shapes have text keys");
            format!(r#""owner":{owner}"#)
        };
        let (old, new) = (
            named(owner),
            named(&Owner {
                tenant: tenant.clone(),
                ..owner.clone()
            }),
        );
        let (before, after) = self.payload.split_once(&old).ok_or(Unacceptable::Owner)?;
        self.payload = [before, &new, after].concat();
        Ok(())
    }

    /// The one place where an event from elsewhere is read.
    fn decoded(&self) -> Result<Event, DecodeError> {
        history::decode(
            &self.aggregate_type,
            &self.event_type,
            &self.event_version,
            &self.payload,
        )
    }
}

fn name_of(event: &Event) -> (String, String) {
    match event {
        Event::Conversation(event) => (event.event_type(), event.event_version()),
        Event::Response(event) => (event.event_type(), event.event_version()),
        Event::Account(event) => (event.event_type(), event.event_version()),
        Event::Document(event) => (event.event_type(), event.event_version()),
        Event::Media(event) => (event.event_type(), event.event_version()),
        Event::Projection(event) => (event.event_type(), event.event_version()),
        Event::Tombstone => (String::new(), String::new()),
    }
}

fn owner_of(event: &Event) -> Option<&Owner> {
    use jan_domain::account::AccountEvent as A;
    use jan_domain::conversation::ConversationEvent as C;
    use jan_domain::document::DocumentEvent as D;
    use jan_domain::media::MediaEvent as M;
    match event {
        Event::Conversation(C::Created { owner, .. }) => Some(owner),
        Event::Response(ResponseEvent::Requested { call, .. }) => Some(&call.owner),
        Event::Account(A::GuestCreated { owner, .. })
        | Event::Document(D::Indexed { owner, .. })
        | Event::Media(M::UploadPrepared { owner, .. }) => Some(owner),
        _ => None,
    }
}
