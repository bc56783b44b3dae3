//! What single values of a request may be. Who calls these names the field.

use serde_json::Value;

use crate::error::ApiError;

/// Refuses a value that is not what was wanted.
pub(super) fn expect(fits: bool, wanted: &str) -> Result<(), ApiError> {
    if fits {
        Ok(())
    } else {
        Err(ApiError::invalid_type(format!("Expected {wanted}.")))
    }
}

/// A number within bounds.
pub(super) fn number(value: &Value, least: f64, most: f64) -> Result<(), ApiError> {
    let number = value
        .as_f64()
        .ok_or_else(|| ApiError::invalid_type("Expected a number."))?;
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(ApiError::invalid_value(format!(
        "Expected a number from {least} to {most}."
    )))
}

/// A whole number within bounds.
pub(super) fn integer(value: &Value, least: i64, most: i64) -> Result<(), ApiError> {
    let number = value
        .as_i64()
        .ok_or_else(|| ApiError::invalid_type("Expected an integer."))?;
    if (least..=most).contains(&number) {
        return Ok(());
    }
    Err(ApiError::invalid_value(format!(
        "Expected an integer from {least} to {most}."
    )))
}

/// A text of at most so many characters.
pub(super) fn text(value: &Value, most: usize) -> Result<(), ApiError> {
    let text = value
        .as_str()
        .ok_or_else(|| ApiError::invalid_type("Expected a string."))?;
    if text.chars().count() <= most {
        return Ok(());
    }
    Err(ApiError::invalid_value(format!(
        "Expected at most {most} characters."
    )))
}

/// One of these words.
pub(super) fn one_of(value: &Value, words: &[&str]) -> Result<(), ApiError> {
    let text = value
        .as_str()
        .ok_or_else(|| ApiError::invalid_type("Expected a string."))?;
    if words.contains(&text) {
        return Ok(());
    }
    Err(ApiError::invalid_value(format!(
        "Expected one of: {}.",
        words.join(", ")
    )))
}

/// A list of 1 to `most` entries.
pub(super) fn list(value: &Value, most: usize) -> Result<&[Value], ApiError> {
    let list = value
        .as_array()
        .ok_or_else(|| ApiError::invalid_type("Expected a list."))?;
    if (1..=most).contains(&list.len()) {
        return Ok(list);
    }
    Err(ApiError::invalid_value(format!(
        "Expected 1 to {most} entries."
    )))
}

/// A name that model providers take for a function.
pub(super) fn function_name(value: &Value) -> Result<(), ApiError> {
    let name = value
        .as_str()
        .ok_or_else(|| ApiError::invalid_type("Expected a string."))?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(ApiError::invalid_value(
        "Expected 1 to 64 characters of a-z, A-Z, 0-9, '_' and '-'.",
    ))
}
