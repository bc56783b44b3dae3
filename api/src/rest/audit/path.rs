//! What paths of the audit name. Names that nothing can have are those of nothing.

use jan_domain::id::InvalidId;

use crate::rest::path_id::PathId;

/// A kind of stream.
pub(super) struct StreamType(pub(super) String);

/// A stream.
pub(super) struct StreamId(pub(super) String);

/// A place among all events.
pub(super) struct Position(pub(super) i64);

impl PathId for StreamType {
    const NAME: &'static str = "stream_type";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        storable(text).map(Self)
    }
}

impl PathId for StreamId {
    const NAME: &'static str = "stream_id";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        storable(text).map(Self)
    }
}

impl PathId for Position {
    const NAME: &'static str = "position";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        text.parse()
            .map(Self)
            .map_err(|_| InvalidId { expected: "1" })
    }
}

/// There is no NUL in anything that is stored.
fn storable(text: &str) -> Result<String, InvalidId> {
    if text.contains('\0') {
        return Err(InvalidId { expected: "conv_" });
    }
    Ok(text.to_owned())
}
