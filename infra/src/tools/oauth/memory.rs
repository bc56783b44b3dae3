use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rmcp::transport::auth::{
    AuthError, CredentialStore, StateStore, StoredAuthorizationState, StoredCredentials,
};

/// Holds what rmcp wants to keep for as long as one step takes; what lasts is kept by
/// [`jan_domain::ports::GrantStore`].
#[derive(Debug, Clone)]
pub(super) struct Memory<T>(Arc<Mutex<Option<T>>>);

impl<T: Clone> Memory<T> {
    pub(super) fn of(held: Option<T>) -> Self {
        Self(Arc::new(Mutex::new(held)))
    }

    pub(super) fn held(&self) -> Option<T> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn hold(&self, what: Option<T>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }
}

#[async_trait]
impl CredentialStore for Memory<StoredCredentials> {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        Ok(self.held())
    }

    async fn save(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        self.hold(Some(credentials));
        Ok(())
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.hold(None);
        Ok(())
    }
}

#[async_trait]
impl StateStore for Memory<StoredAuthorizationState> {
    async fn save(&self, _name: &str, state: StoredAuthorizationState) -> Result<(), AuthError> {
        self.hold(Some(state));
        Ok(())
    }

    async fn load(&self, name: &str) -> Result<Option<StoredAuthorizationState>, AuthError> {
        Ok(self.held().filter(|state| state.csrf_token == name))
    }

    async fn delete(&self, _name: &str) -> Result<(), AuthError> {
        self.hold(None);
        Ok(())
    }
}
