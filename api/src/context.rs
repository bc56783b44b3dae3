//! What a handler knows of the request around it.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use jan_domain::metadata::Request;
use jan_domain::ports::IdGenerator;

/// Whose shapes an answer takes where OpenAI and Jan disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavour {
    /// Un-prefixed paths.
    #[default]
    OpenAi,
    /// Paths under Jan's gateway prefixes.
    Jan,
}

/// One HTTP request, as far as handlers need to know it. Made at the edge, before routing.
#[derive(Clone)]
pub struct RequestContext {
    /// Its id and trace.
    pub request: Request,
    /// The shapes of its answer.
    pub flavour: Flavour,
    /// Where its ids come from: fresh, or drawn from its `Idempotency-Key`.
    pub ids: Arc<dyn IdGenerator>,
    /// Whether ids are drawn from a key, so that the request may have been carried out before.
    pub repeatable: bool,
    /// `X-Consistency: eventual` skips waiting for one's own writes.
    pub eventual: bool,
}

impl<S: Sync> FromRequestParts<S> for RequestContext {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let context = parts.extensions.get::<Self>().cloned();
        Ok(context.expect("the edge gives every request its context"))
    }
}
