/// Why a response refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// Never requested, deleted, or not stored for reading.
    #[error("there is no such response")]
    NotFound,
    /// The id is taken by another call.
    #[error("a response with this id exists already")]
    AlreadyExists,
    /// It has ended another way.
    #[error("the response has ended already")]
    AlreadyClosed,
    /// It has not ended yet.
    #[error("the response is still running")]
    StillOpen,
}
