//! A page to try the schema with. Ours, because `GraphiQL`'s built assets are some megabytes, and this
//! has to come from the program itself: editor, variables, token, the schema's words, subscriptions.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const LAYOUT: &str = include_str!("page.html");

static PAGE: LazyLock<Page> = LazyLock::new(Page::new);

struct Page {
    text: String,
    policy: String,
}

impl Page {
    /// Only what is on the page may run, and it may speak to this server alone.
    fn new() -> Self {
        let text = LAYOUT
            .replace("/* style */", STYLE)
            .replace("/* script */", SCRIPT);
        let hash = |part: &str| STANDARD.encode(Sha256::digest(part));
        let (style, script) = (hash(STYLE), hash(SCRIPT));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; \
             connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        Self { text, policy }
    }
}

/// Whether a browser asks for a page.
pub(super) fn is_wanted(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT);
    let accept = accept.and_then(|value| value.to_str().ok());
    accept.is_some_and(|kinds| kinds.contains("text/html"))
}

/// The page.
pub(super) fn page() -> Response {
    let mut response = PAGE.text.clone().into_response();
    let told: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &PAGE.policy),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in told {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
