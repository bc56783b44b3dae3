//! Where the bytes of media lie, and how bytes come from the web.

mod directory;
mod s3;
mod settings;
mod web_files;

pub use directory::MediaDirectory;
pub use s3::{S3Bucket, S3SetupError};
pub use settings::{MediaSettings, S3Settings};
pub use web_files::{MediaSetupError, SafeWebFiles};
