use std::path::PathBuf;
use std::time::Duration;

/// How media is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSettings {
    /// The directory in which bytes lie; below the data directory unless it is said.
    pub directory: Option<PathBuf>,
    /// Size of one piece.
    pub bytes_max: usize,
    /// Size of what one account keeps.
    pub owner_bytes_max: usize,
    /// Pixels of one image.
    pub pixels_max: usize,
    /// For how many days images, and what programs make, are kept; 0 keeps them.
    pub retention_days: u16,
    /// How long a link is good.
    pub link_ttl: Duration,
    /// How long bringing an image from the web may take.
    pub fetch_timeout: Duration,
    /// Whether bytes are handed out by us, and not only where they can be had.
    pub proxy_download: bool,
}

impl Default for MediaSettings {
    fn default() -> Self {
        Self {
            directory: None,
            bytes_max: 20 << 20,
            owner_bytes_max: 1 << 30,
            pixels_max: 100_000_000,
            retention_days: 30,
            link_ttl: Duration::from_mins(5),
            fetch_timeout: Duration::from_secs(15),
            proxy_download: true,
        }
    }
}
