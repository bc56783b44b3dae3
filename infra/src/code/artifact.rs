//! Names of files, as a stranger gives them.

/// Longest path.
const NAME_BYTES_MAX: usize = 255;

/// What is known of media types; anything else is bytes.
const MEDIA_TYPES: &[(&str, &str)] = &[
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// Whether a path is relative, stays where it is, and shows as what it is.
pub(super) fn is_clean(name: &str) -> bool {
    let part = |part: &str| !matches!(part, "" | "." | "..");
    name.len() <= NAME_BYTES_MAX
        && name.split('/').all(part)
        && !name.contains(|c: char| c.is_control() || c == '\\' || c == '\u{fffd}')
}

/// The media type that a name promises.
pub(super) fn media_type(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    let known = MEDIA_TYPES.iter().find(|(known, _)| *known == extension);
    known.map_or("application/octet-stream", |(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_leads_elsewhere_is_none() {
        for clean in ["a", "a.b", "a/b/c", "..x", "x..", "ä b"] {
            assert!(is_clean(clean), "{clean}");
        }
        let long = "x".repeat(256);
        for unclean in [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "a\nb",
            "a\0b", &long,
        ] {
            assert!(!is_clean(unclean), "{unclean:?}");
        }
    }

    #[test]
    fn a_media_type_follows_from_the_name() {
        assert_eq!(media_type("a/plot.PNG"), "image/png");
        assert_eq!(media_type("png"), "application/octet-stream");
    }
}
