//! Reading one's own writes: every read waits for its read model, and says how that went.

use axum::response::{IntoResponseParts, ResponseParts};
use http::{HeaderName, HeaderValue};
use jan_projections::{Consistency, Freshness, ReadModel, ReadModels};
use std::convert::Infallible;

use crate::context::RequestContext;
use crate::error::ApiError;

const CONSISTENCY: HeaderName = HeaderName::from_static("x-consistency");

/// How fresh an answer is, as its `X-Consistency` header.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshened(Freshness);

/// Waits until `model` has everything that was acknowledged before this request.
pub(crate) async fn reach(
    reads: &ReadModels,
    model: ReadModel,
    context: &RequestContext,
) -> Result<Freshened, ApiError> {
    let wanted = if context.eventual {
        Consistency::Eventual
    } else {
        Consistency::Strong
    };
    let freshness = reads.barrier.reach(model, wanted).await?;
    if freshness == Freshness::Stale {
        tracing::warn!(
            ?model,
            "a read was served before its read model had caught up"
        );
    }
    Ok(Freshened(freshness))
}

impl IntoResponseParts for Freshened {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        let word = match self.0 {
            Freshness::Fresh => "strong",
            Freshness::Stale => "stale",
            Freshness::Unchecked => "eventual",
        };
        parts
            .headers_mut()
            .insert(CONSISTENCY, HeaderValue::from_static(word));
        Ok(parts)
    }
}
