//! A document's size and nesting, before the parser sees it: that one goes down with every bracket.

use super::limits::{BRACKETS_MAX, DOCUMENT_BYTES_MAX, TOKENS_MAX};
use crate::error::ApiError;

/// Refuses a document that is larger or more nested than anybody writes.
pub(super) fn check(document: &str) -> Result<(), ApiError> {
    if document.len() > DOCUMENT_BYTES_MAX {
        let message = format!("A document may have at most {DOCUMENT_BYTES_MAX} bytes.");
        return Err(ApiError::query_too_complex(message));
    }
    let mut rest = document.as_bytes();
    let (mut tokens, mut open) = (0_usize, 0_usize);
    while let [first, ..] = rest {
        let length = match first {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                rest = &rest[1..];
                continue;
            }
            b'#' => {
                rest = &rest[until(rest, |byte| byte == b'\n' || byte == b'\r')..];
                continue;
            }
            b'"' => {
                let length = text(rest);
                check_escapes(&rest[..length])?;
                length
            }
            0 => return Err(unstorable()),
            byte if is_word(*byte) => until(rest, |byte| !is_word(byte)),
            b'{' | b'[' | b'(' => {
                open += 1;
                1
            }
            b'}' | b']' | b')' => {
                open = open.saturating_sub(1);
                1
            }
            _ => 1,
        };
        rest = &rest[length..];
        tokens += 1;
        if tokens > TOKENS_MAX {
            let message = format!("A document may have at most {TOKENS_MAX} tokens.");
            return Err(ApiError::query_too_complex(message));
        }
        if open > BRACKETS_MAX {
            let message = format!("A document may be nested at most {BRACKETS_MAX} deep.");
            return Err(ApiError::query_too_complex(message));
        }
    }
    Ok(())
}

/// The parser does not survive half surrogate pairs, and a database no NUL: escaped or not, a text
/// has neither.
fn check_escapes(text: &[u8]) -> Result<(), ApiError> {
    let mut rest = text;
    if rest.contains(&0) {
        return Err(unstorable());
    }
    while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
        let escape = &rest[at + 1..];
        if let [b'u', digits @ ..] = escape {
            let digits = digits
                .get(..4)
                .and_then(|four| std::str::from_utf8(four).ok());
            let code = digits.and_then(|four| u16::from_str_radix(four, 16).ok());
            if code.is_some_and(|code| code == 0 || (0xD800..=0xDFFF).contains(&code)) {
                return Err(unstorable());
            }
        }
        rest = escape.get(1..).unwrap_or_default();
    }
    Ok(())
}

fn unstorable() -> ApiError {
    let message = "A text may hold no NUL and no escaped surrogates; write the character itself.";
    ApiError::invalid_query(message)
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// How many bytes come before one that is an end.
fn until(bytes: &[u8], is_end: impl Fn(u8) -> bool) -> usize {
    let end = bytes.iter().position(|byte| is_end(*byte));
    end.unwrap_or(bytes.len())
}

/// The length of the quoted text that these bytes begin with; all of them if it has no end.
fn text(bytes: &[u8]) -> usize {
    let block = bytes.starts_with(b"\"\"\"");
    let quotes: &[u8] = if block { b"\"\"\"" } else { b"\"" };
    let mut at = quotes.len();
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quotes) {
            return at + quotes.len();
        }
        at += if rest[0] == b'\\' { 2 } else { 1 };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_and_comments_do_not_count() {
        let many = "{".repeat(1_000);
        for fine in [
            format!("{{ a(b: \"{many}\") }}"),
            format!("{{ a(b: \"\\\"{many}\") }}"),
            format!("{{ a(b: \"\"\"{many}\"\" \\\"\"\" \"\"\") }} # {many}"),
            format!("# {many}\n{{ a }}"),
            "\"".to_owned(),
            "{ a \\".to_owned(),
            "{ ä ".to_owned(),
        ] {
            assert!(check(&fine).is_ok(), "{fine}");
        }
        assert!(check(&format!("{{ a(b: \"\") {many}")).is_err());
    }

    #[test]
    fn escapes_that_cannot_be_kept_are_refused() {
        for text in ["\\u0000", "\\uD83D\\uDE00", "\\\\\\udfff", "a\0"] {
            assert!(check(&format!("{{ a(b: \"{text}\") }}")).is_err(), "{text}");
        }
        for text in ["\\u00e4", "\\\\u0000", "\\u00", "\\n", "\\"] {
            assert!(check(&format!("{{ a(b: \"{text}\") }}")).is_ok(), "{text}");
        }
        assert!(check("{ \0 }").is_err());
    }

    #[test]
    fn what_nobody_writes_is_refused() {
        for (document, because) in [
            ("a ".repeat(TOKENS_MAX + 1), "tokens"),
            ("[".repeat(BRACKETS_MAX + 1), "nested"),
            ("\n".repeat(DOCUMENT_BYTES_MAX + 1), "bytes"),
        ] {
            let refused = check(&document).unwrap_err();
            assert!(refused.message().contains(because), "{refused:?}");
        }
        assert!(check(&"a{b}".repeat(TOKENS_MAX / 4)).is_ok());
    }
}
