use std::sync::{Mutex, PoisonError};

use rmcp::transport::streamable_http_client::StreamableHttpError;

/// What a server said when it last refused our credentials (`WWW-Authenticate`).
#[derive(Debug, Default)]
pub(super) struct Challenge(Mutex<Option<String>>);

impl Challenge {
    /// Its words.
    pub(super) fn words(&self) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes over what is known elsewhere.
    pub(super) fn take_over(&self, other: &Self) {
        let words = other.words();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = words;
    }

    /// Takes down what an exchange says of credentials, if it does.
    pub(super) fn hear(&self, error: &StreamableHttpError<reqwest::Error>) {
        let words = match error {
            StreamableHttpError::AuthRequired(said) => &said.www_authenticate_header,
            StreamableHttpError::InsufficientScope(said) => &said.www_authenticate_header,
            _ => return,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(words.clone());
    }
}
