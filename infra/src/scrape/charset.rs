//! Which characters a page's bytes are, as browsers find out: a byte order mark, the head of the
//! answer, the head of the page.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Where pages say it themselves.
const HEAD_BYTES: usize = 1_024;

/// A page's text, and the name of the character set it was in. What is no character is replaced.
pub(super) fn decode(bytes: &[u8], content_type: &str, cut: bool) -> (String, &'static str) {
    let encoding = sniff(bytes, content_type, cut);
    let (text, used, _) = encoding.decode(bytes);
    (text.into_owned(), used.name())
}

fn sniff(bytes: &[u8], content_type: &str, cut: bool) -> &'static Encoding {
    let marked = Encoding::for_bom(bytes).map(|(encoding, _)| encoding);
    let told = || label_after(content_type.as_bytes()).and_then(Encoding::for_label);
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let said = || said_by(head);
    marked.or_else(told).or_else(said).unwrap_or_else(|| {
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => true,
            // The last character of a beginning may be half.
            Err(error) => cut && error.valid_up_to() + 4 > bytes.len(),
        };
        if valid { UTF_8 } else { WINDOWS_1252 }
    })
}

/// What `<meta charset>`, `<meta http-equiv>` or an XML declaration says. A page whose head could be
/// read like this is not UTF-16.
fn said_by(head: &[u8]) -> Option<&'static Encoding> {
    let said = label_after(head).or_else(|| after(head, b"encoding=").and_then(label));
    let encoding = said.and_then(Encoding::for_label)?;
    let wide = encoding == UTF_16LE || encoding == UTF_16BE;
    Some(if wide { UTF_8 } else { encoding })
}

fn label_after(text: &[u8]) -> Option<&[u8]> {
    after(text, b"charset=").and_then(label)
}

fn after<'a>(text: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let mut windows = text.windows(word.len());
    let at = windows.position(|window| window.eq_ignore_ascii_case(word))?;
    Some(&text[at + word.len()..])
}

fn label(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii_start();
    let text = text
        .strip_prefix(b"\"")
        .or(text.strip_prefix(b"'"))
        .unwrap_or(text);
    let ends = |byte: &u8| !byte.is_ascii_alphanumeric() && !b"-_:.".contains(byte);
    let end = text.iter().position(ends).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_mark_goes_before_the_answers_head_and_that_before_the_page() {
        let russian = b"<meta charset='windows-1251'>\xcf\xf0\xe8\xe2\xe5\xf2";
        assert!(decode(russian, "text/html", false).0.ends_with("Привет"));
        let told = "text/html; charset=\"koi8-r\"";
        assert!(
            decode(b"\xf0\xd2\xc9\xd7\xc5\xd4", told, false)
                .0
                .ends_with("Привет")
        );
        assert!(decode(russian, told, false).1 == "KOI8-R");
        let marked = b"\xef\xbb\xbf\xc3\xa4";
        assert_eq!(decode(marked, told, false), ("ä".to_owned(), "UTF-8"));
        assert_eq!(
            decode(b"\xff\xfea\0", "text/html", false),
            ("a".to_owned(), "UTF-16LE")
        );
    }

    #[test]
    fn without_a_word_it_is_utf_8_if_it_can_be() {
        assert_eq!(decode("ä".as_bytes(), "", false).1, "UTF-8");
        assert_eq!(
            decode(b"caf\xe9", "", false),
            ("café".to_owned(), "windows-1252")
        );
        assert_eq!(decode(b"caf\xc3", "", true).1, "UTF-8");
        assert_eq!(
            decode(b"<meta charset=utf-16>\xc3\xa4", "", false).1,
            "UTF-8"
        );
        assert_eq!(decode(b"<meta charset=nonsense>a", "", false).1, "UTF-8");
        let xml = b"<?xml version=\"1.0\" encoding=\"Shift_JIS\"?>\x93\xfa\x96{";
        assert!(decode(xml, "", false).0.ends_with("日本"));
    }
}
