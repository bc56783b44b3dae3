use serde_json::Value;

use super::InvalidItem;
use crate::limits::ITEM_DEPTH_MAX;

/// Refuses a value that nests deeper than an item may.
///
/// An event wraps an item in more levels than a request does. Without this limit, an item at the
/// parser's own limit could be written and never read again.
pub(super) fn check_depth(value: &Value) -> Result<(), InvalidItem> {
    if exceeds(value, ITEM_DEPTH_MAX) {
        return Err(InvalidItem {
            at: String::new(),
            problem: format!("An item may nest at most {ITEM_DEPTH_MAX} levels deep."),
        });
    }
    Ok(())
}

fn exceeds(value: &Value, levels: usize) -> bool {
    let Some(below) = levels.checked_sub(1) else {
        return value.is_object() || value.is_array();
    };
    match value {
        Value::Array(list) => list.iter().any(|inner| exceeds(inner, below)),
        Value::Object(fields) => fields.values().any(|inner| exceeds(inner, below)),
        _ => false,
    }
}
