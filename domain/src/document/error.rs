use crate::limits::{
    DOCUMENT_ATTRIBUTE_CHARS_MAX, DOCUMENT_ATTRIBUTE_KEY_CHARS_MAX, DOCUMENT_ATTRIBUTES_MAX,
    DOCUMENT_COLLECTION_CHARS_MAX, DOCUMENT_METADATA_BYTES_MAX, DOCUMENT_NAME_CHARS_MAX,
    DOCUMENT_TAG_CHARS_MAX, DOCUMENT_TAGS_MAX, DOCUMENT_TEXT_BYTES_MAX,
};

/// Why a document refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Never indexed, or removed.
    #[error("there is no such document")]
    NotFound,
    /// Its stream is somebody else's.
    #[error("a document with this id exists already")]
    AlreadyExists,
}

/// Why something is no document, or no name of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDocument {
    /// Empty, beyond [`DOCUMENT_NAME_CHARS_MAX`], or with a NUL.
    #[error(
        "'document_id' must have 1 to {DOCUMENT_NAME_CHARS_MAX} characters and no control characters"
    )]
    Name,
    /// Nothing but white space, beyond [`DOCUMENT_TEXT_BYTES_MAX`], or with a NUL.
    #[error(
        "'text' must say something in at most {DOCUMENT_TEXT_BYTES_MAX} bytes, and hold no NUL"
    )]
    Text,
    /// Beyond [`DOCUMENT_METADATA_BYTES_MAX`], or with a NUL, or nested too deeply.
    #[error(
        "'metadata' may have at most {DOCUMENT_METADATA_BYTES_MAX} bytes as JSON, little nesting and no NUL"
    )]
    Metadata,
    /// Beyond [`DOCUMENT_TAGS_MAX`], or one that is empty, too long or with a NUL.
    #[error(
        "'tags' may be at most {DOCUMENT_TAGS_MAX} texts of 1 to {DOCUMENT_TAG_CHARS_MAX} characters without control characters"
    )]
    Tags,
    /// Empty, beyond [`DOCUMENT_COLLECTION_CHARS_MAX`], or with a NUL.
    #[error(
        "'collection' must have 1 to {DOCUMENT_COLLECTION_CHARS_MAX} characters and no control characters"
    )]
    Collection,
    /// Beyond [`DOCUMENT_ATTRIBUTES_MAX`], or one that is too long or not simple.
    #[error(
        "'attributes' may be at most {DOCUMENT_ATTRIBUTES_MAX} texts of {DOCUMENT_ATTRIBUTE_CHARS_MAX} characters, numbers or booleans, under keys of 1 to {DOCUMENT_ATTRIBUTE_KEY_CHARS_MAX} characters"
    )]
    Attributes,
}
