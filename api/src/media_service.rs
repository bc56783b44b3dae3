//! `X-Media-Service-Key`: a service that keeps images for others, as Jan's own services do.

use std::sync::Arc;

use axum::extract::Request;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::{Caller, CallerKind, Owner};
use sha2::{Digest, Sha256};

use crate::error::ApiError;

/// Both names that Jan's clients use.
const HEADERS: [&str; 2] = ["x-media-service-key", "x-media-api-key"];

/// The key of the deployment's media service. Only its hash is here.
#[derive(Clone)]
pub struct MediaServiceKey([u8; 32]);

impl MediaServiceKey {
    /// The key of this text.
    pub fn new(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    /// Hashes are compared, so that how long it takes tells nothing of the key.
    fn is(&self, presented: &[u8]) -> bool {
        self.0 == <[u8; 32]>::from(Sha256::digest(presented))
    }
}

/// Who comes with the key to the routes of media; `None` if the request brings none, or goes elsewhere.
///
/// # Panics
/// Never: a prefix and letters make an id.
pub(crate) fn caller_of(
    key: Option<&MediaServiceKey>,
    request: &Request,
) -> Result<Option<Arc<Caller>>, ApiError> {
    let path = request.uri().path();
    if path != "/v1/media" && !path.starts_with("/v1/media/") {
        return Ok(None);
    }
    let mut presented = HEADERS
        .iter()
        .filter_map(|name| request.headers().get(*name));
    let Some(presented) = presented.next() else {
        return Ok(None);
    };
    if !key.is_some_and(|key| key.is(presented.as_bytes())) {
        return Err(ApiError::unauthorized());
    }
    let account = AccountId::parse("user_media_service").expect("a prefix and letters make an id");
    Ok(Some(Arc::new(Caller {
        owner: Owner {
            tenant: TenantId::default(),
            account,
        },
        kind: CallerKind::Service,
        session: None,
        key: None,
    })))
}
