use std::sync::Arc;
use std::time::Duration;

use jan_commands::media::{MediaParts, MediaShelf, MediaTerms};
use jan_commands::store::EventLog;
use jan_domain::ports::{ObjectStore, WebFiles};
use jan_infra::clock::SystemClock;
use jan_infra::config::Config;
use jan_infra::media::{
    MediaDirectory, MediaSettings, MediaSetupError, S3Bucket, S3SetupError, SafeWebFiles,
};
use jan_infra::safe_http::FetchSettings;
use jan_projections::ReadModels;

use super::Blueprint;
use crate::media_service::MediaServiceKey;

const DAY: Duration = Duration::from_hours(24);
/// Whoever has a link can use it, so none is good for long.
const LINK_TTL_MAX: Duration = Duration::from_mins(10);

/// How media is kept.
pub struct MediaRoom {
    /// Where the bytes lie.
    pub objects: Arc<dyn ObjectStore>,
    /// What brings bytes from the web.
    pub web: Arc<dyn WebFiles>,
    /// How much, and for how long.
    pub terms: MediaTerms,
    /// What opens the routes of media to a service.
    pub service_key: Option<MediaServiceKey>,
    /// Whether bytes are handed out by us, and not only where they can be had.
    pub proxy_download: bool,
}

impl MediaRoom {
    /// A room under these settings, which brings from the web what may be fetched.
    pub fn try_new(
        objects: Arc<dyn ObjectStore>,
        settings: &MediaSettings,
        fetch: &FetchSettings,
    ) -> Result<Self, MediaSetupError> {
        let web = SafeWebFiles::try_new(&FetchSettings {
            total: settings.fetch_timeout,
            bytes_max: settings.bytes_max,
            ..fetch.clone()
        })?;
        Ok(Self {
            objects,
            web: Arc::new(web),
            terms: terms(settings),
            service_key: settings
                .service_key
                .as_ref()
                .map(|key| MediaServiceKey::new(key.expose())),
            proxy_download: settings.proxy_download,
        })
    }
}

/// Where the bytes of media lie under this configuration: in a bucket, if one is named.
pub(super) fn object_store(config: &Config) -> Result<Arc<dyn ObjectStore>, S3SetupError> {
    Ok(match S3Bucket::of(&config.media.s3)? {
        Some(bucket) => Arc::new(bucket),
        None => Arc::new(MediaDirectory::new(config.media_directory())),
    })
}

/// How long images, and what programs make, are kept.
pub(super) fn kept(settings: &MediaSettings) -> Option<Duration> {
    let days = settings.retention_days;
    (days > 0).then(|| DAY * u32::from(days))
}

fn terms(settings: &MediaSettings) -> MediaTerms {
    MediaTerms {
        bytes_max: settings.bytes_max,
        owner_bytes_max: settings.owner_bytes_max as u64,
        pixels_max: settings.pixels_max as u64,
        kept: kept(settings),
        link_valid: settings.link_ttl.min(LINK_TTL_MAX),
    }
}

/// Where the callers of an application keep bytes.
pub(super) fn media_shelf(blueprint: &Blueprint, log: &EventLog, reads: &ReadModels) -> MediaShelf {
    let room = &blueprint.media;
    let parts = MediaParts {
        objects: Arc::clone(&room.objects),
        index: Arc::new(reads.media.clone()),
        web: Arc::clone(&room.web),
        seal: Arc::clone(&blueprint.seal),
        clock: Arc::new(SystemClock),
        terms: room.terms.clone(),
        crash: blueprint.crash.clone(),
    };
    MediaShelf::new(log, parts)
}
