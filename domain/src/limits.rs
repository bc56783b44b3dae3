//! Every limit of the domain in one table. Sources: OpenAI's documented limits where there are any,
//! Jan Server's where OpenAI has none.

/// Pairs in a metadata map (OpenAI).
pub const METADATA_PAIRS_MAX: usize = 16;
/// Characters of a metadata key (OpenAI).
pub const METADATA_KEY_CHARS_MAX: usize = 64;
/// Characters of a metadata value (OpenAI).
pub const METADATA_VALUE_CHARS_MAX: usize = 512;
/// Items in one call that adds items to a conversation (OpenAI).
pub const ITEMS_PER_CALL_MAX: usize = 20;
/// Levels of nesting within one item, the item itself included. Well below the 128 at which stored
/// JSON could no longer be read, well above what anybody sends.
pub const ITEM_DEPTH_MAX: usize = 64;
/// Characters of a conversation's title (Jan).
pub const TITLE_CHARS_MAX: usize = 256;
/// Characters of a conversation's referrer (Jan).
pub const REFERRER_CHARS_MAX: usize = 64;
/// Items of one page of a list (OpenAI).
pub const PAGE_ITEMS_MAX: usize = 100;

/// Longest reason for which an event is left out of a read model, in characters.
pub const SKIP_REASON_CHARS_MAX: usize = 500;

/// Characters of what an owner calls a document.
pub const DOCUMENT_NAME_CHARS_MAX: usize = 256;
/// Bytes of a document's text.
pub const DOCUMENT_TEXT_BYTES_MAX: usize = 1_000_000;
/// Bytes of a document's metadata, as JSON.
pub const DOCUMENT_METADATA_BYTES_MAX: usize = 16_384;
/// Tags of a document.
pub const DOCUMENT_TAGS_MAX: usize = 16;
/// Characters of a tag.
pub const DOCUMENT_TAG_CHARS_MAX: usize = 64;
/// Results of one search in documents.
pub const DOCUMENT_HITS_MAX: u32 = 50;
/// Characters of the name of a collection of documents.
pub const DOCUMENT_COLLECTION_CHARS_MAX: usize = 256;
/// Attributes of a document.
pub const DOCUMENT_ATTRIBUTES_MAX: usize = 16;
/// Characters of an attribute's name.
pub const DOCUMENT_ATTRIBUTE_KEY_CHARS_MAX: usize = 64;
/// Characters of an attribute that is a text.
pub const DOCUMENT_ATTRIBUTE_CHARS_MAX: usize = 512;
/// Filters of one search together, those that put others together included.
pub const DOCUMENT_FILTERS_MAX: usize = 64;
/// Filters within each other.
pub const DOCUMENT_FILTER_DEPTH_MAX: usize = 8;

/// Characters of what an owner calls a file.
pub const MEDIA_FILE_NAME_CHARS_MAX: usize = 255;
/// References to media in one request.
pub const MEDIA_REFERENCES_MAX: usize = 20;
/// Bytes of the media that a model is shown at once.
pub const MEDIA_PROMPT_BYTES_MAX: u64 = 32 << 20;
