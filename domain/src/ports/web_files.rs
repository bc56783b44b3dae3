use bytes::Bytes;
use futures::future::BoxFuture;

/// Brings the bytes behind an address that somebody has named.
pub trait WebFiles: Send + Sync {
    /// What lies there, whatever it is, if it is not too large.
    fn fetch<'a>(&'a self, url: &'a str) -> BoxFuture<'a, Result<Bytes, WebFileFailure>>;
}

/// Why there are no bytes. Whoever named the address is told the same of one that may not be called
/// and of one where nobody answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebFileFailure {
    /// It is no address, may not be called, or nobody answers there.
    #[error("nothing can be fetched from this address")]
    Unfetchable,
    /// It answers with something else than the bytes.
    #[error("the address answers with status {0}")]
    Status(u16),
    /// What lies there is larger than is taken.
    #[error("what is at this address is too large")]
    TooLarge,
    /// It took too long, or broke off.
    #[error("what is at this address did not arrive whole and in time")]
    Incomplete,
}
