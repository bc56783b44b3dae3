//! Where the bytes of media lie, and how bytes come from the web.

mod directory;
mod settings;
mod web_files;

pub use directory::MediaDirectory;
pub use settings::MediaSettings;
pub use web_files::{MediaSetupError, SafeWebFiles};
