use std::borrow::Cow;

use memchr::memmem;

/// The first escape of `text` that Postgres cannot keep as text: NUL, or half a surrogate pair.
/// The offset is that of its backslash.
pub fn unstorable(text: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(found) = next_escape(text, from) {
        if !found.storable {
            return Some(found.start);
        }
        from = found.end;
    }
    None
}

/// The text with every unstorable escape replaced by U+FFFD: what models and tools say is kept even
/// when it is not quite text.
pub fn repaired(text: &str) -> Cow<'_, str> {
    if unstorable(text).is_none() {
        return Cow::Borrowed(text);
    }
    let mut whole = String::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = next_escape(text, from) {
        whole.push_str(&text[from..found.start]);
        whole.push_str(if found.storable {
            &text[found.start..found.end]
        } else {
            "\\ufffd"
        });
        from = found.end;
    }
    whole.push_str(&text[from..]);
    Cow::Owned(whole)
}

struct Escape {
    start: usize,
    end: usize,
    storable: bool,
}

/// The next `\uXXXX` (or whole surrogate pair) at or after `from`. Only inside strings can a
/// backslash stand in JSON, so strings need not be told from the rest.
fn next_escape(text: &str, mut from: usize) -> Option<Escape> {
    let bytes = text.as_bytes();
    loop {
        let start = from + memmem::find(&bytes[from..], b"\\u")?;
        let backslashes = bytes[..start]
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        if backslashes % 2 == 1 {
            from = start + 2;
            continue;
        }
        let high = code_unit(bytes, start);
        let pair = matches!(high, Some(0xd800..=0xdbff))
            && matches!(code_unit(bytes, start + 6), Some(0xdc00..=0xdfff));
        let end = (start + if pair { 12 } else { 6 }).min(bytes.len());
        let storable = pair || !matches!(high, Some(0 | 0xd800..=0xdfff));
        return Some(Escape {
            start,
            end,
            storable,
        });
    }
}

fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let escape = bytes.get(at..at + 6)?;
    let digits = std::str::from_utf8(escape.strip_prefix(b"\\u")?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nul_and_half_pairs_are_unstorable() {
        for (text, at) in [
            (r#""plain""#, None),
            (r#""\u00e9 \ud83d\ude00 \n""#, None),
            (r#""\\u0000 \\ud800""#, None),
            (r#""a\u0000""#, Some(2)),
            (r#""\\\u0000""#, Some(3)),
            (r#""\ud800x""#, Some(1)),
            (r#""\udc00""#, Some(1)),
            (r#""\ude00\ud83d""#, Some(1)),
        ] {
            assert_eq!(unstorable(text), at, "{text}");
        }
    }

    #[test]
    fn repair_touches_nothing_else() {
        assert_eq!(
            repaired(r#"["\u00e9\u0000\ud83d\ude00\ud800"]"#),
            r#"["\u00e9\ufffd\ud83d\ude00\ufffd"]"#
        );
        assert!(matches!(repaired(r#""fine""#), Cow::Borrowed(_)));
    }
}
