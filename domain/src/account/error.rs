/// Why an account refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// Never created.
    #[error("there is no such account")]
    NotFound,
    /// The id is taken.
    #[error("an account with this id exists already")]
    AlreadyExists,
    /// Unknown, expired, or closed.
    #[error("the session is not open")]
    SessionNotOpen,
    /// Not the session's token.
    #[error("the refresh token is not valid")]
    WrongRefreshToken,
}
