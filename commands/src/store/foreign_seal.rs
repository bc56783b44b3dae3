//! Sealing what another log has recorded, for its owner here.

use jan_domain::Owner;
use jan_domain::history::is_personal;
use jan_domain::metadata::Metadata;
use jan_domain::ports::{KeyFailure, KeyState, Keyring};
use jan_domain::sealed::{self, Place};

use super::foreign_event::ForeignEvent;

impl ForeignEvent {
    /// Its payload as it is written here.
    pub(super) async fn sealed_by(&self, keyring: &dyn Keyring) -> Result<String, KeyFailure> {
        let owner = self.owner().filter(|_| is_personal(&self.event_type));
        let key = match &owner {
            Some(owner) => keyring.key_of(owner).await?,
            None => None,
        };
        Ok(match key {
            Some(key) => sealed::seal(&self.place(), &key, &self.payload),
            None => self.payload.clone(),
        })
    }

    /// What a payload in its place says; `None` if its key is not here or it was sealed elsewhere.
    pub(super) async fn opened(
        &self,
        payload: String,
        keyring: &dyn Keyring,
    ) -> Result<Option<String>, KeyFailure> {
        let Some(found) = sealed::find(&payload) else {
            return Ok(Some(payload));
        };
        let Ok(found) = found else { return Ok(None) };
        let key = match keyring.remembered(found.key()) {
            None => keyring
                .find(&[found.key().to_owned()])
                .await?
                .remove(found.key()),
            known => known,
        };
        Ok(match key {
            Some(KeyState::Held(seal)) => found.open(&self.place(), seal.as_ref()).ok(),
            Some(KeyState::Destroyed) | None => None,
        })
    }

    fn place(&self) -> Place<'_> {
        Place {
            aggregate_type: &self.aggregate_type,
            aggregate_id: &self.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
        }
    }

    /// Whose stream it is in, as its metadata says.
    fn owner(&self) -> Option<Owner> {
        let metadata: Metadata = serde_json::from_str(&self.metadata).ok()?;
        Some(Owner {
            tenant: metadata.tenant_id,
            account: metadata.owner_id,
        })
    }
}
