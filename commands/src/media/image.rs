use imagesize::ImageType;
use jan_domain::media::{ContentHash, Dimensions, MediaContent};

use super::{MediaFailure, MediaTerms};

/// What an image is, by its bytes alone. Only its head is read: nothing is decoded here, ever.
pub(super) fn inspect(
    said: &str,
    bytes: &[u8],
    terms: &MediaTerms,
) -> Result<MediaContent, MediaFailure> {
    require_size(bytes, terms)?;
    let kind = imagesize::image_type(bytes).ok().and_then(media_type);
    let Some(media_type) = kind else {
        let said = if said.is_empty() { "unknown" } else { said };
        return Err(MediaFailure::NotAnImage(said.chars().take(100).collect()));
    };
    let size = imagesize::blob_size(bytes).map_err(|_| MediaFailure::Unreadable)?;
    let pixels = (size.width as u64).saturating_mul(size.height as u64);
    if pixels > terms.pixels_max {
        return Err(MediaFailure::TooManyPixels(terms.pixels_max));
    }
    let in_pixels = |length: usize| u32::try_from(length).map_err(|_| MediaFailure::Unreadable);
    let dimensions = Dimensions {
        width: in_pixels(size.width)?,
        height: in_pixels(size.height)?,
    };
    if dimensions.width == 0 || dimensions.height == 0 {
        return Err(MediaFailure::Unreadable);
    }
    Ok(MediaContent {
        dimensions: Some(dimensions),
        ..whole(bytes, media_type)
    })
}

/// What a file is: bytes of the type its owner says they have.
pub(super) fn whole(bytes: &[u8], media_type: &str) -> MediaContent {
    MediaContent {
        bytes: bytes.len() as u64,
        sha256: ContentHash::of(bytes),
        media_type: media_type.to_owned(),
        dimensions: None,
    }
}

pub(super) fn require_size(bytes: &[u8], terms: &MediaTerms) -> Result<(), MediaFailure> {
    if bytes.is_empty() {
        Err(MediaFailure::Empty)
    } else if bytes.len() > terms.bytes_max {
        Err(MediaFailure::TooLarge(terms.bytes_max))
    } else {
        Ok(())
    }
}

/// The images that are taken: Jan's list.
const TAKEN: [(ImageType, &str); 6] = [
    (ImageType::Jpeg, "image/jpeg"),
    (ImageType::Png, "image/png"),
    (ImageType::Webp, "image/webp"),
    (ImageType::Gif, "image/gif"),
    (ImageType::Bmp, "image/bmp"),
    (ImageType::Tiff, "image/tiff"),
];

/// Whether images of this type are taken.
pub fn takes(media_type: &str) -> bool {
    TAKEN.iter().any(|(_, taken)| *taken == media_type)
}

fn media_type(kind: ImageType) -> Option<&'static str> {
    let taken = TAKEN.iter().find(|(taken, _)| *taken == kind);
    taken.map(|(_, media_type)| *media_type)
}
