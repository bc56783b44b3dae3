use super::vetting::AddressRefusal;

/// Why nothing came. Whoever named the address is told the same of one that may not be called and of
/// one where nobody answers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchFailure {
    /// The address, or one it redirects to, may not be called; nothing was sent there.
    #[error("nothing can be fetched from this address")]
    Refused(AddressRefusal),
    /// Nobody answers there.
    #[error("nothing can be fetched from this address")]
    Unreachable,
    /// It took too long.
    #[error("the page took too long")]
    TimedOut,
    /// The answer broke off.
    #[error("the page's server hung up in the middle of its answer")]
    Cut,
    /// From one address to the next, without an end.
    #[error("the address redirects too often")]
    Redirects,
    /// It is larger than what is taken.
    #[error("what is at this address is too large")]
    TooLarge,
    /// It is nothing that can be used.
    #[error("what is at this address is of the type '{0}', which cannot be read")]
    Type(String),
    /// It is compressed although it was not to be, or not as it says.
    #[error("the page's server sends what cannot be decoded")]
    Encoding,
}

/// What a request's failure means.
pub(super) fn failure(error: &reqwest::Error) -> FetchFailure {
    match AddressRefusal::behind(error) {
        Some(AddressRefusal::Unresolved) => FetchFailure::Unreachable,
        Some(refusal) => FetchFailure::Refused(refusal),
        None if error.is_connect() => FetchFailure::Unreachable,
        None if error.is_timeout() => FetchFailure::TimedOut,
        None => FetchFailure::Cut,
    }
}

impl From<AddressRefusal> for FetchFailure {
    fn from(refusal: AddressRefusal) -> Self {
        Self::Refused(refusal)
    }
}
