use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

use super::{MediaFailure, MediaTerms};

/// Clients leave padding away, or put it there.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The bytes of `data:<type>;base64,<bytes>`, and the type it says they have. Its length is looked at
/// before anything is decoded.
pub(super) fn decode(url: &str, terms: &MediaTerms) -> Result<(String, Bytes), MediaFailure> {
    if url.len() > terms.data_url_max() {
        return Err(MediaFailure::TooLarge(terms.bytes_max));
    }
    let beginning = url.get(..5).unwrap_or_default();
    if !beginning.eq_ignore_ascii_case("data:") {
        return Err(MediaFailure::DataUrl("must begin with 'data:'"));
    }
    let Some((head, body)) = url[5..].split_once(',') else {
        return Err(MediaFailure::DataUrl("has no comma before its bytes"));
    };
    let Some(said) = strip_base64(head) else {
        return Err(MediaFailure::DataUrl("must be base64"));
    };
    let bytes = LENIENT
        .decode(body)
        .map_err(|_| MediaFailure::DataUrl("is not valid base64"))?;
    Ok((said.to_owned(), bytes.into()))
}

fn strip_base64(head: &str) -> Option<&str> {
    let (said, last) = head.rsplit_once(';')?;
    let said = said.split(';').next().unwrap_or_default();
    last.trim().eq_ignore_ascii_case("base64").then_some(said)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn terms() -> MediaTerms {
        MediaTerms {
            bytes_max: 12,
            owner_bytes_max: 100,
            pixels_max: 100,
            kept: None,
            link_valid: Duration::from_secs(1),
        }
    }

    #[test]
    fn padding_may_be_there_or_not() {
        for url in [
            "data:image/png;base64,dGVh",
            "DATA:image/png;charset=x;BASE64,dGVh",
        ] {
            let (said, bytes) = decode(url, &terms()).unwrap();
            assert_eq!((said.as_str(), bytes.as_ref()), ("image/png", &b"tea"[..]));
        }
        for padded in ["dGVhIQ==", "dGVhIQ"] {
            let (_, bytes) = decode(&format!("data:;base64,{padded}"), &terms()).unwrap();
            assert_eq!(bytes.as_ref(), b"tea!");
        }
    }

    #[test]
    fn what_is_no_data_url_of_bytes_says_why() {
        for (wrong, why) in [
            ("", "begin with"),
            ("d\u{e4}ta:x", "begin with"),
            ("https://a/b,c", "begin with"),
            ("data:image/png;base64", "no comma"),
            ("data:image/png,dGVh", "must be base64"),
            ("data:image/png;base64,d GVh", "not valid"),
            ("data:image/png;base64,dGVh,dGVh", "not valid"),
            (
                "data:image/png;base64,data:image/png;base64,dGVh",
                "not valid",
            ),
            ("data:image/png;base64,dGV=h", "not valid"),
        ] {
            let refused = decode(wrong, &terms()).unwrap_err().to_string();
            assert!(refused.contains(why), "{wrong}: {refused}");
        }
        let long = format!("data:;base64,{}", "A".repeat(1_000));
        assert!(matches!(
            decode(&long, &terms()),
            Err(MediaFailure::TooLarge(12))
        ));
    }
}
