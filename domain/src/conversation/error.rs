use crate::id::ItemId;
use crate::limits::{ITEMS_PER_CALL_MAX, REFERRER_CHARS_MAX, TITLE_CHARS_MAX};

/// Why a conversation refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConversationError {
    /// Never created, or deleted.
    #[error("there is no such conversation")]
    NotFound,
    /// The id is taken.
    #[error("a conversation with this id exists already")]
    AlreadyExists,
    /// Beyond [`TITLE_CHARS_MAX`], or with a NUL.
    #[error("a title may have at most {TITLE_CHARS_MAX} characters and no NUL")]
    InvalidTitle,
    /// Empty, beyond [`REFERRER_CHARS_MAX`], or with a NUL.
    #[error("a referrer must have 1 to {REFERRER_CHARS_MAX} characters and no NUL")]
    InvalidReferrer,
    /// Beyond [`ITEMS_PER_CALL_MAX`].
    #[error("at most {ITEMS_PER_CALL_MAX} items can be added in one call")]
    TooManyItems,
    /// Another item has this id.
    #[error("an item with id '{0}' exists already")]
    DuplicateItem(ItemId),
    /// Another run is under way on it.
    #[error("another response is being made in this conversation")]
    Locked,
    /// No item has this id.
    #[error("there is no item with id '{0}'")]
    ItemNotFound(ItemId),
    /// Nothing that could be answered comes before an item.
    #[error("nothing that could be answered comes before the item '{0}'")]
    NothingAsked(ItemId),
}
