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
    /// Another process has taken it up since.
    #[error("the run has been taken up by another process")]
    Superseded,
    /// It is no run, or no step of this run has this id.
    #[error("there is no such step")]
    UnknownStep,
    /// Its client waits for it; only runs in the background can be cancelled.
    #[error("only a response that runs in the background can be cancelled")]
    NotCancellable,
    /// It has not ended yet.
    #[error("the response is still running")]
    StillOpen,
}
