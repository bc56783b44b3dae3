use jan_commands::CommandError;

use super::ApiError;

/// The refusals differ by aggregate; everything else that can go wrong with a command does not.
impl<E> From<CommandError<E>> for ApiError
where
    E: Into<Self> + std::error::Error + Send + Sync + 'static,
{
    fn from(error: CommandError<E>) -> Self {
        match error {
            CommandError::Refused(refusal) => refusal.into(),
            CommandError::Conflict | CommandError::Unavailable(_) => Self::unavailable(&error),
            CommandError::Rejected(_)
            | CommandError::Gap(_)
            | CommandError::Corrupt(_)
            | CommandError::Sealed(_) => Self::internal(&error),
        }
    }
}
