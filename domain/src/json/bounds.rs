/// Deepest nesting of a JSON text that we keep. Stored events nest it a few levels deeper, and
/// readers stop at 128.
pub const DEPTH_MAX: usize = 100;

/// What makes a well-formed JSON text impossible to read back as a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// Beyond [`DEPTH_MAX`].
    #[error("it is nested deeper than {DEPTH_MAX} levels")]
    Depth,
    /// Such as `1e999`.
    #[error("it holds a number that is too large")]
    Number,
}

/// Checks a text that is kept without being read. Brackets and digits inside strings do not count.
pub fn within_bounds(text: &str) -> Result<(), Excess> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = end_of_string(bytes, at),
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH_MAX {
                    return Err(Excess::Depth);
                }
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'0'..=b'9' => {
                let end = end_of_number(bytes, at);
                if !is_finite(&text[at..end]) {
                    return Err(Excess::Number);
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    Ok(())
}

/// The place after the string that begins at `at`.
fn end_of_string(bytes: &[u8], mut at: usize) -> usize {
    at += 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

fn end_of_number(bytes: &[u8], at: usize) -> usize {
    let of_number =
        |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    let length = bytes[at..]
        .iter()
        .take_while(|byte| of_number(byte))
        .count();
    at + length
}

fn is_finite(number: &str) -> bool {
    // Short plain numbers, the usual case, need no parsing.
    let plain = number.len() < 300 && !number.contains(['e', 'E']);
    plain || number.parse::<f64>().map_or(true, f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_strings_does_not_count() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert_eq!(within_bounds(&deep(DEPTH_MAX)), Ok(()));
        assert_eq!(within_bounds(&deep(DEPTH_MAX + 1)), Err(Excess::Depth));
        let quoted = format!(r#"{{"a":"\"{} 1e999\\"}}"#, deep(500));
        assert_eq!(within_bounds(&quoted), Ok(()));
    }

    #[test]
    fn what_is_within_bounds_can_be_read_as_a_value() {
        let long = "9".repeat(400);
        for (text, expected) in [
            ("[1, -2.5e10, 1E-400, 0.1]", Ok(())),
            (r#"{"x":1e999}"#, Err(Excess::Number)),
            ("-1e400", Err(Excess::Number)),
            (long.as_str(), Err(Excess::Number)),
        ] {
            assert_eq!(within_bounds(text), expected, "{text}");
            let read = serde_json::from_str::<serde_json::Value>(text);
            assert_eq!(read.is_ok(), expected.is_ok(), "{text}");
        }
    }
}
