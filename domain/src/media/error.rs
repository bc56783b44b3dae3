use crate::limits::MEDIA_FILE_NAME_CHARS_MAX;

/// Why media refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// Never prepared, given up, or somebody else's.
    #[error("there is no such media")]
    NotFound,
    /// Its stream is somebody else's.
    #[error("media with this id exists already")]
    AlreadyExists,
    /// Other bytes lie there.
    #[error("media with this id holds other bytes")]
    OtherContent,
    /// The bytes of its last life may still lie there.
    #[error("the media is being deleted")]
    Leaving,
}

/// Why something cannot be said of media.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLabel {
    /// Empty, beyond [`MEDIA_FILE_NAME_CHARS_MAX`], or with a control character.
    #[error(
        "'filename' must have 1 to {MEDIA_FILE_NAME_CHARS_MAX} characters and no control characters"
    )]
    FileName,
    /// None of those there are.
    #[error("'purpose' must be one of assistants, batch, evals, fine-tune, user_data, vision")]
    Purpose,
}
