use jan_domain::media::{
    ContentHash, Dimensions, FileName, MediaContent, MediaEvent, MediaLabel, ObjectPlace, Purpose,
};

use super::samples::{at, owner};

pub(super) fn after_media(last: Option<&MediaEvent>) -> Option<MediaEvent> {
    use MediaEvent as E;
    let at = at();
    Some(match last {
        None => E::UploadPrepared {
            owner: owner(),
            place: ObjectPlace::try_from("0a1b/2c3d".to_owned()).unwrap(),
            label: MediaLabel {
                file_name: FileName::parse("tea \u{1f375}.png").ok(),
                purpose: Purpose::FineTune,
            },
            expires_at: at,
            at,
        },
        Some(E::UploadPrepared { .. }) => E::Stored {
            content: MediaContent {
                bytes: 3,
                sha256: ContentHash::of(b"tea"),
                media_type: "image/png".to_owned(),
                dimensions: Some(Dimensions {
                    width: 640,
                    height: 480,
                }),
            },
            retain_until: Some(at),
            at,
        },
        Some(E::Stored { .. }) => E::Retained {
            until: Some(at),
            at,
        },
        Some(E::Retained { .. }) => E::Expired { at },
        Some(E::Expired { .. }) => E::Deleted { at },
        Some(E::Deleted { .. }) => E::Purged { at },
        Some(E::Purged { .. }) => return None,
    })
}
