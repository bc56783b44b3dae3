use std::collections::HashMap;
use std::sync::Arc;

use jan_domain::caller::Owner;
use jan_domain::ports::TOOL_DEPTH_HEADER;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};

use super::challenge::Challenge;
use super::headers::bearer;
use super::settings::ToolLimits;
use crate::model_provider::masking::Mask;
use crate::secret::Secret;

/// Longest explanation of a server's that is passed on.
const EXPLANATION_CHARS_MAX: usize = 500;

/// One MCP server as it is dialled: for one owner, with one set of credentials.
pub(super) struct Endpoint {
    /// Its name in logs.
    pub(super) name: String,
    pub(super) key: EndpointKey,
    pub(super) url: Arc<str>,
    pub(super) client: reqwest::Client,
    /// Sent with every request, credentials included.
    pub(super) headers: HashMap<HeaderName, HeaderValue>,
    pub(super) limits: Arc<ToolLimits>,
    /// What the server said when it refused the credentials.
    pub(super) challenge: Arc<Challenge>,
    masks: Vec<Mask>,
}

/// Tells endpoints apart without keeping their credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct EndpointKey([u8; 32]);

/// Where a server is, and what opens its door.
pub(super) struct Destination<'a> {
    pub(super) url: &'a str,
    pub(super) client: reqwest::Client,
    pub(super) headers: HashMap<HeaderName, HeaderValue>,
}

impl Endpoint {
    pub(super) fn new(
        name: String,
        owner: Option<&Owner>,
        destination: Destination<'_>,
        limits: Arc<ToolLimits>,
    ) -> Self {
        let Destination {
            url,
            client,
            mut headers,
        } = destination;
        let key = EndpointKey::of(url, owner, &headers);
        let masks = headers
            .values()
            .filter_map(secret)
            .map(|secret| Mask::new(Some(secret)))
            .collect();
        let depth = HeaderName::from_static(TOOL_DEPTH_HEADER);
        headers.insert(depth, HeaderValue::from_static("1"));
        Self {
            name,
            key,
            url: url.into(),
            client,
            headers,
            limits,
            challenge: Arc::default(),
            masks,
        }
    }

    /// The same server with a bearer token; `None` if that cannot travel in a header.
    pub(super) fn with_bearer(&self, owner: Option<&Owner>, token: &str) -> Option<Self> {
        let mut headers = self.headers.clone();
        headers.extend([bearer(token)?]);
        let destination = Destination {
            url: &self.url,
            client: self.client.clone(),
            headers,
        };
        let limits = Arc::clone(&self.limits);
        Some(Self::new(self.name.clone(), owner, destination, limits))
    }

    /// The bearer token that is sent.
    pub(super) fn bearer(&self) -> Option<&str> {
        let sent = self.headers.get(&AUTHORIZATION)?.to_str().ok()?;
        sent.strip_prefix("Bearer ")
    }

    /// A server's words, fit for the caller: without credentials, and short.
    pub(super) fn masked(&self, text: &str) -> String {
        let bare = Mask::new(None).apply(text, EXPLANATION_CHARS_MAX);
        self.masks
            .iter()
            .fold(bare, |text, mask| mask.apply(&text, EXPLANATION_CHARS_MAX))
    }
}

impl EndpointKey {
    /// Every part with its length, so that none can pass for another.
    fn of(url: &str, owner: Option<&Owner>, headers: &HashMap<HeaderName, HeaderValue>) -> Self {
        let mut headers: Vec<_> = headers.iter().collect();
        headers.sort_by_key(|(name, _)| name.as_str());
        let owner = owner.map(|owner| [owner.tenant.as_str(), owner.account.as_str()]);
        let parts = [url.as_bytes()]
            .into_iter()
            .chain(owner.iter().flatten().map(|part| part.as_bytes()))
            .chain(
                headers
                    .iter()
                    .flat_map(|(name, value)| [name.as_str().as_bytes(), value.as_bytes()]),
            );
        let mut hash = Sha256::new();
        hash.update([u8::from(owner.is_some())]);
        for part in parts {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

/// What is secret about a header's value.
fn secret(value: &HeaderValue) -> Option<Secret> {
    let text = value.to_str().ok().filter(|_| value.is_sensitive())?;
    let bare = text.strip_prefix("Bearer ").unwrap_or(text);
    Some(Secret::new(bare.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::headers::bearer;
    use jan_domain::id::{AccountId, TenantId};

    fn endpoint(url: &str, account: &str, token: &str) -> Endpoint {
        let owner = Owner {
            tenant: TenantId::default(),
            account: AccountId::parse(account).unwrap(),
        };
        crate::model_provider::install_crypto();
        let client = reqwest::Client::builder().build().unwrap();
        let headers = bearer(token).into_iter().collect();
        let limits = Arc::new(ToolLimits::default());
        let destination = Destination {
            url,
            client,
            headers,
        };
        Endpoint::new("s".to_owned(), Some(&owner), destination, limits)
    }

    #[test]
    fn whatever_differs_makes_another_endpoint() {
        let key = |url, account, token| endpoint(url, account, token).key;
        let one = key("https://a/", "user_1", "t");
        assert_eq!(one, key("https://a/", "user_1", "t"));
        assert_ne!(one, key("https://b/", "user_1", "t"));
        assert_ne!(one, key("https://a/", "user_2", "t"));
        assert_ne!(one, key("https://a/", "user_1", "u"));
    }

    #[test]
    fn a_servers_words_never_show_a_credential() {
        let endpoint = endpoint("https://a/", "user_1", "open sesame");
        let said = endpoint.masked("'open sesame' is wrong, as is Bearer abcdefgh, and sk-abc123");
        assert!(
            !said.contains("sesame") && !said.contains("abcdefgh") && !said.contains("abc123"),
            "{said}"
        );
    }
}
