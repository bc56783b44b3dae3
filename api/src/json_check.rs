//! One pass over a body before anything reads it: JSON allows more than we can keep.

use jan_domain::json::{unstorable, within_bounds};

use crate::error::ApiError;

/// The body as text, if it is UTF-8, within bounds, and free of NUL and half surrogate pairs.
pub(crate) fn checked(body: &[u8]) -> Result<&str, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::invalid_json("The request body is not UTF-8."))?;
    within_bounds(text).map_err(|excess| {
        ApiError::invalid_json(format!("The request body cannot be taken: {excess}."))
    })?;
    if let Some(at) = unstorable(text) {
        let message = format!(
            "The request body holds a NUL or half a surrogate pair (at byte {at}), which cannot be stored."
        );
        return Err(ApiError::invalid_json(message));
    }
    Ok(text)
}
