//! Keeping bytes for callers: images by what they are, files by name. The bytes are an effect like any
//! other: where they will lie is recorded, they are written, and that they lie there is recorded.
//!
//! Start reading at [`MediaShelf`], then `keep`.

mod bounds;
mod data_url;
mod error;
mod image;
mod keep;
mod link;
mod read;
mod remove;
mod show;
mod source;

use std::sync::Arc;

use jan_domain::media::Media;
use jan_domain::ports::{Clock, MediaIndex, ObjectStore, Seal, WebFiles};

pub use bounds::MediaTerms;
pub use error::MediaFailure;
pub use image::takes;
pub use keep::{KeptHere, NewFile};
pub use link::MediaLink;
pub use read::{Address, disposition_of};
pub use remove::MediaRemover;
pub use show::ReferenceError;
pub use source::MediaSource;

use crate::crash::CrashPoints;
use crate::store::{EventLog, Store};

/// Where callers keep bytes. Cheap to clone.
#[derive(Clone)]
pub struct MediaShelf {
    streams: Store<Media>,
    remover: MediaRemover,
    objects: Arc<dyn ObjectStore>,
    index: Arc<dyn MediaIndex>,
    web: Arc<dyn WebFiles>,
    seal: Arc<dyn Seal>,
    clock: Arc<dyn Clock>,
    terms: MediaTerms,
    crash: CrashPoints,
}

/// What a [`MediaShelf`] is made of, beside the log.
pub struct MediaParts {
    /// Where the bytes lie.
    pub objects: Arc<dyn ObjectStore>,
    /// What is known of all media at once.
    pub index: Arc<dyn MediaIndex>,
    /// What brings bytes from the web.
    pub web: Arc<dyn WebFiles>,
    /// Seals links; the same on every node of a deployment.
    pub seal: Arc<dyn Seal>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How much, and for how long.
    pub terms: MediaTerms,
    /// Where tests make the process die.
    pub crash: CrashPoints,
}

impl MediaShelf {
    /// The shelf whose streams are in this log.
    pub fn new(log: &EventLog, parts: MediaParts) -> Self {
        let clock = Arc::clone(&parts.clock);
        Self {
            streams: Store::new(log.clone()),
            remover: MediaRemover::new(log, Arc::clone(&parts.objects), clock, parts.crash.clone()),
            objects: parts.objects,
            index: parts.index,
            web: parts.web,
            seal: parts.seal,
            clock: parts.clock,
            terms: parts.terms,
            crash: parts.crash,
        }
    }

    /// What takes media away.
    pub fn remover(&self) -> MediaRemover {
        self.remover.clone()
    }

    /// How much, and for how long.
    pub fn terms(&self) -> &MediaTerms {
        &self.terms
    }
}
