use std::time::Duration;

/// How much may be kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaTerms {
    /// Bytes of one piece.
    pub bytes_max: usize,
    /// Bytes of one owner.
    pub owner_bytes_max: u64,
    /// Pixels of one image: what a decoder of it would have to hold.
    pub pixels_max: u64,
    /// How long images, and what programs make, are kept; `None` until they are deleted.
    pub kept: Option<Duration>,
    /// How long a link is good.
    pub link_valid: Duration,
}

impl MediaTerms {
    /// The longest data URL that may hold so many bytes: a third more as base64, and its head.
    pub fn data_url_max(&self) -> usize {
        const HEAD: usize = 256;
        self.bytes_max.div_ceil(3) * 4 + HEAD
    }
}
