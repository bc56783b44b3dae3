use super::setting::Setting;
use crate::media::MediaSettings;

/// How media is kept.
pub(super) const SETTINGS: &[Setting<MediaSettings>] = &[
    Setting {
        name: "media.directory",
        env: &["JAN_MEDIA_DIRECTORY"],
        doc: "Where the bytes of media lie; 'media' in the data directory unless it is said; every node of a deployment needs the same",
        slot: |media| &mut media.directory,
    },
    Setting {
        name: "media.s3_bucket",
        env: &["JAN_MEDIA_S3_BUCKET", "MEDIA_S3_BUCKET"],
        doc: "The S3 bucket in which the bytes of media lie, instead of in the directory",
        slot: |media| &mut media.s3.bucket,
    },
    Setting {
        name: "media.s3_endpoint",
        env: &["JAN_MEDIA_S3_ENDPOINT", "MEDIA_S3_ENDPOINT"],
        doc: "Where the S3 server is; Amazon's, by its region, unless it is said",
        slot: |media| &mut media.s3.endpoint,
    },
    Setting {
        name: "media.s3_public_endpoint",
        env: &["JAN_MEDIA_S3_PUBLIC_ENDPOINT", "MEDIA_S3_PUBLIC_ENDPOINT"],
        doc: "Where callers reach the S3 server, if that is elsewhere",
        slot: |media| &mut media.s3.public_endpoint,
    },
    Setting {
        name: "media.s3_region",
        env: &["JAN_MEDIA_S3_REGION", "MEDIA_S3_REGION"],
        doc: "The region of the bucket",
        slot: |media| &mut media.s3.region,
    },
    Setting {
        name: "media.s3_access_key",
        env: &["JAN_MEDIA_S3_ACCESS_KEY", "MEDIA_S3_ACCESS_KEY"],
        doc: "The name of the key for the bucket",
        slot: |media| &mut media.s3.access_key,
    },
    Setting {
        name: "media.s3_secret_key",
        env: &["JAN_MEDIA_S3_SECRET_KEY", "MEDIA_S3_SECRET_KEY"],
        doc: "The secret of the key for the bucket",
        slot: |media| &mut media.s3.secret_key,
    },
    Setting {
        name: "media.s3_path_style",
        env: &["JAN_MEDIA_S3_PATH_STYLE", "MEDIA_S3_USE_PATH_STYLE"],
        doc: "Whether the bucket is named in paths and not in the host",
        slot: |media| &mut media.s3.path_style,
    },
    Setting {
        name: "media.service_key",
        env: &[
            "JAN_MEDIA_SERVICE_KEY",
            "MEDIA_SERVICE_KEY",
            "MEDIA_API_KEY",
        ],
        doc: "What a service sends as X-Media-Service-Key to keep images, also for accounts that it names; nobody may without one",
        slot: |media| &mut media.service_key,
    },
    Setting {
        name: "media.bytes_max",
        env: &["JAN_MEDIA_BYTES_MAX", "MEDIA_MAX_BYTES"],
        doc: "Size of one image or file",
        slot: |media| &mut media.bytes_max,
    },
    Setting {
        name: "media.owner_bytes_max",
        env: &["JAN_MEDIA_OWNER_BYTES_MAX"],
        doc: "Size of everything that one account keeps",
        slot: |media| &mut media.owner_bytes_max,
    },
    Setting {
        name: "media.pixels_max",
        env: &["JAN_MEDIA_PIXELS_MAX"],
        doc: "Pixels of one image",
        slot: |media| &mut media.pixels_max,
    },
    Setting {
        name: "media.retention_days",
        env: &["JAN_MEDIA_RETENTION_DAYS", "MEDIA_RETENTION_DAYS"],
        doc: "For how many days images, and files that programs make, are kept; 0 keeps them",
        slot: |media| &mut media.retention_days,
    },
    Setting {
        name: "media.link_ttl",
        env: &["JAN_MEDIA_LINK_TTL", "MEDIA_S3_PRESIGN_TTL"],
        doc: "How long a link to bytes, or for sending them, is good; ten minutes at most",
        slot: |media| &mut media.link_ttl,
    },
    Setting {
        name: "media.fetch_timeout",
        env: &["JAN_MEDIA_FETCH_TIMEOUT", "MEDIA_REMOTE_FETCH_TIMEOUT"],
        doc: "How long bringing an image from the web may take",
        slot: |media| &mut media.fetch_timeout,
    },
    Setting {
        name: "media.proxy_download",
        env: &["JAN_MEDIA_PROXY_DOWNLOAD", "MEDIA_PROXY_DOWNLOAD"],
        doc: "Answer GET /v1/media/{id} with the bytes; else with a link to them",
        slot: |media| &mut media.proxy_download,
    },
];
