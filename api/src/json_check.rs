//! One pass over a body before anything reads it: JSON allows more than we can keep.

use jan_domain::json::unstorable;

use crate::error::ApiError;

/// Deepest nesting of a request body: `serde_json`'s own limit; raw passages escape it.
const DEPTH_MAX: usize = 128;

/// The body as text, if it is UTF-8, not too deep, and free of NUL and half surrogate pairs.
pub(crate) fn checked(body: &[u8]) -> Result<&str, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::invalid_json("The request body is not UTF-8."))?;
    if depth_exceeds(text.as_bytes(), DEPTH_MAX) {
        let message = format!("The request body is nested deeper than {DEPTH_MAX} levels.");
        return Err(ApiError::invalid_json(message));
    }
    if let Some(at) = unstorable(text) {
        let message = format!(
            "The request body holds a NUL or half a surrogate pair (at byte {at}), which cannot be stored."
        );
        return Err(ApiError::invalid_json(message));
    }
    Ok(text)
}

fn depth_exceeds(json: &[u8], most: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > most {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_are_no_depth() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(!depth_exceeds(deep(128).as_bytes(), 128));
        assert!(depth_exceeds(deep(129).as_bytes(), 128));
        assert!(!depth_exceeds(br#"{"a":"[[[[\"[[[["}"#, 1));
    }
}
