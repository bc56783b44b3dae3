use std::path::PathBuf;
use std::time::Duration;

use crate::secret::Secret;

/// How media is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaSettings {
    /// The directory in which bytes lie; below the data directory unless it is said.
    pub directory: Option<PathBuf>,
    /// The bucket in which bytes lie instead of in a directory.
    pub s3: S3Settings,
    /// What a service says to keep images for others.
    pub service_key: Option<Secret>,
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
            s3: S3Settings::default(),
            service_key: None,
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

/// A bucket of an S3 server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// Its name; bytes lie in the directory when there is none.
    pub bucket: Option<String>,
    /// Where the server is; Amazon's own, by its region, unless it is said.
    pub endpoint: Option<String>,
    /// Where callers reach it, if that is elsewhere: addresses are signed for this host.
    pub public_endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Who we are.
    pub access_key: Option<String>,
    /// What proves it.
    pub secret_key: Option<Secret>,
    /// Whether the bucket is named in paths and not in the host.
    pub path_style: bool,
}

impl Default for S3Settings {
    fn default() -> Self {
        Self {
            bucket: None,
            endpoint: None,
            public_endpoint: None,
            region: "us-east-1".to_owned(),
            access_key: None,
            secret_key: None,
            path_style: true,
        }
    }
}
