use std::error::Error;

use crate::error::ReadError;
use crate::feed::Entry;
use crate::lease::LeaseError;

/// Why a read model was not built, or not put in its place.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// A build stops where the live one parks: it must not come out short.
    #[error(
        "event {position} of stream {stream} cannot be folded; mend it, or skip it with \
         `jan-server projections skip`"
    )]
    Spoilt {
        /// The event.
        position: i64,
        /// Its stream.
        stream: String,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Copied and written rows of the same streams are not the same: a mistake of ours.
    #[error("the rows copied into {table} are not those that its events make")]
    Unproven {
        /// Where.
        table: String,
    },
    /// Somebody else works on it now, or it is no longer wanted.
    #[error("the build was taken away")]
    Taken,
    /// The tables of a build no longer have the columns of the live ones.
    #[error("a migration has changed the tables while they were built")]
    Outgrown,
    /// There is nothing to go back to, or nothing to let go of.
    #[error("{name} has no generation that stands by")]
    NoStandby {
        /// The read model.
        name: &'static str,
    },
    /// Rows that are sums over streams cannot be made anew for one of them.
    #[error("{name} sums over streams: rebuild the whole of it")]
    NotByStream {
        /// The read model.
        name: &'static str,
    },
    /// Nothing of it was ever projected.
    #[error("{name} has no live generation yet")]
    NotLive {
        /// The read model.
        name: &'static str,
    },
    /// There is no such event.
    #[error("there is no event at position {position}")]
    NoEvent {
        /// Where it was looked for.
        position: i64,
    },
    /// Another build of it goes on.
    #[error("{name} is being built; wait until that is over")]
    Busy {
        /// The read model.
        name: &'static str,
    },
    /// How the read models are could not be asked.
    #[error(transparent)]
    Read(ReadError),
    /// The database could not be asked.
    #[error("the database does not do its part")]
    Database(#[from] sqlx::Error),
}

impl From<LeaseError> for RebuildError {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Lost => Self::Taken,
            LeaseError::Database(error) => Self::Database(error),
        }
    }
}

impl From<ReadError> for RebuildError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl RebuildError {
    pub(crate) fn spoilt(entry: &Entry, source: Box<dyn Error + Send + Sync>) -> Self {
        Self::Spoilt {
            position: entry.position,
            stream: entry.stream.aggregate_id.clone(),
            source,
        }
    }

    /// Whether another try may go better.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, Self::Database(_) | Self::Read(_) | Self::Taken)
    }
}
