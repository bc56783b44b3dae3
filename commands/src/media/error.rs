use jan_domain::media::{InvalidLabel, MediaError};
use jan_domain::ports::{ObjectFailure, ReadFailure, WebFileFailure};

use crate::CommandError;

/// Why media is not kept, or not handed out.
#[derive(Debug, thiserror::Error)]
pub enum MediaFailure {
    /// No bytes at all.
    #[error("file is empty")]
    Empty,
    /// More bytes than one piece may have.
    #[error("file exceeds max size of {0} bytes")]
    TooLarge(usize),
    /// The bytes are none of the images that are taken, whatever they are said to be.
    #[error("unsupported mime type {0}")]
    NotAnImage(String),
    /// The image cannot be read, or is damaged.
    #[error("the image cannot be read")]
    Unreadable,
    /// The image would be too large once it is decoded.
    #[error("the image has more than {0} pixels")]
    TooManyPixels(u64),
    /// Not a data URL of bytes.
    #[error("the data URL {0}")]
    DataUrl(&'static str),
    /// The owner keeps too much already.
    #[error("more than {0} bytes would be kept; delete something first")]
    Full(u64),
    /// A link that is not one, or no more.
    #[error("the link is not valid, or not any more")]
    Link,
    /// What is said of it cannot be.
    #[error(transparent)]
    Label(#[from] InvalidLabel),
    /// It is not there.
    #[error("there is no such media")]
    NotFound,
    /// The bytes could not be brought from where they are said to be.
    #[error(transparent)]
    Web(#[from] WebFileFailure),
    /// The stream was not written.
    #[error(transparent)]
    Command(CommandError<MediaError>),
    /// The bytes were not written, or not read.
    #[error(transparent)]
    Objects(#[from] ObjectFailure),
    /// The bytes of something that is on record are not there.
    #[error("the bytes of '{0}' are not in the object store")]
    Lost(String),
    /// The read model could not be asked.
    #[error(transparent)]
    Index(#[from] ReadFailure),
}

impl From<CommandError<MediaError>> for MediaFailure {
    fn from(error: CommandError<MediaError>) -> Self {
        match error {
            CommandError::Refused(MediaError::NotFound) => Self::NotFound,
            error => Self::Command(error),
        }
    }
}
