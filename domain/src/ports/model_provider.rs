use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;

use crate::response::{Failure, FailureKind};

/// Somebody who runs models behind OpenAI's chat protocol.
///
/// Dropping a future or a stream must stop the work at the other side.
pub trait ModelProvider: Send + Sync {
    /// Asks for an answer. Resolves when the provider's status is known.
    fn chat(&self, call: ChatCall) -> BoxFuture<'static, Result<ChatAnswer, ProviderFailure>>;

    /// Passes an embeddings request on and its answer back, both as JSON text.
    fn embed(&self, body: Bytes) -> BoxFuture<'static, Result<Bytes, ProviderFailure>>;
}

/// A chat request, ready for the wire.
#[derive(Debug, Clone)]
pub struct ChatCall {
    /// The request body, naming the provider's own model.
    pub body: Bytes,
    /// Whether the body asks for a stream.
    pub stream: bool,
    /// W3C trace context to send along.
    pub traceparent: Option<String>,
}

/// A provider's answer.
pub enum ChatAnswer {
    /// The JSON text of a `chat.completion`.
    Whole(Bytes),
    /// The frames of a stream.
    Stream(Frames),
}

/// The frames of a stream, in order, ending after `Done` or with a failure. A stream that ends
/// without either was cut.
pub type Frames = BoxStream<'static, Result<Frame, ProviderFailure>>;

/// One server-sent event of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// What follows `data: `, byte for byte, without the line end.
    Data(Bytes),
    /// `data: [DONE]`
    Done,
}

/// Why a provider gave no answer, or stopped giving it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderFailure {
    /// No connection; nothing was sent, so asking again is safe.
    #[error("the provider cannot be reached")]
    Unreachable,
    /// Silence beyond the limit.
    #[error("the provider stayed silent for too long")]
    Stalled,
    /// 429: too many requests or tokens.
    #[error("the provider is overloaded")]
    Overloaded {
        /// Seconds it asked us to wait.
        retry_after: Option<u64>,
    },
    /// Another 4xx: the request itself.
    #[error("the provider refused the request: {message}")]
    Rejected {
        /// Its status.
        status: u16,
        /// Its words, with anything that looks like a key masked.
        message: String,
        /// The field it named.
        param: Option<String>,
        /// Its code.
        code: Option<String>,
    },
    /// 401 or 403: our key, never the caller's business.
    #[error("the provider refused our credentials")]
    Unauthorized,
    /// 5xx.
    #[error("the provider failed with status {status}")]
    Broken {
        /// Its status.
        status: u16,
    },
    /// Not the protocol.
    #[error("the provider's answer could not be understood")]
    Garbled,
    /// The connection ended in the middle.
    #[error("the provider's answer ended in the middle")]
    Cut,
}

impl ProviderFailure {
    /// The failure as it is recorded.
    pub fn recorded(&self) -> Failure {
        let kind = match self {
            Self::Unreachable => FailureKind::ProviderUnreachable,
            Self::Stalled => FailureKind::ProviderStalled,
            Self::Overloaded { .. } => FailureKind::ProviderOverloaded,
            Self::Rejected { .. } => FailureKind::ProviderRejected,
            Self::Unauthorized => FailureKind::ProviderUnauthorized,
            Self::Broken { .. } => FailureKind::ProviderError,
            Self::Garbled => FailureKind::ProviderGarbled,
            Self::Cut => FailureKind::ProviderCut,
        };
        Failure {
            kind,
            message: self.to_string(),
        }
    }
}

/// The models that can be asked for, over all providers.
pub trait ModelCatalog: Send + Sync {
    /// Everything on offer, in a stable order.
    fn list(&self) -> Vec<ModelEntry>;

    /// Where a model is served; `None` when nobody offers it.
    fn find(&self, model: &str) -> Option<ModelRoute>;
}

/// One model on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEntry {
    /// The name clients use.
    pub id: String,
    /// Unix seconds, as the provider says.
    pub created: i64,
    /// The provider's name.
    pub owned_by: String,
}

/// Where a model is served.
#[derive(Clone)]
pub struct ModelRoute {
    /// The provider's name, for records and metrics.
    pub provider_name: Arc<str>,
    /// The model's name at the provider.
    pub upstream_model: Arc<str>,
    /// The way to it.
    pub provider: Arc<dyn ModelProvider>,
}
