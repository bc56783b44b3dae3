//! What clients give, read: names of things, and texts that can be kept.

use std::fmt::Display;

use async_graphql::ID;
use chrono::{DateTime, Utc};

use crate::error::ApiError;

/// The id in a field of this name.
pub(super) fn id_of<Id>(given: &ID, field: &str) -> Result<Id, ApiError>
where
    Id: TryFrom<String, Error: Display>,
{
    Id::try_from(given.to_string())
        .map_err(|invalid| ApiError::invalid_value(format!("Invalid id: {invalid}.")).at(field))
}

/// The last second of the year 9999: nobody needs a later one, and not everybody knows one.
const LAST_SECOND: i64 = 253_402_300_799;

/// A time that a database knows.
pub(super) fn within(
    time: Option<DateTime<Utc>>,
    field: &str,
) -> Result<Option<DateTime<Utc>>, ApiError> {
    let fits = |time: &DateTime<Utc>| (0..=LAST_SECOND).contains(&time.timestamp());
    if time.as_ref().is_none_or(fits) {
        return Ok(time);
    }
    let message = "Expected a time from 1970 to 9999.";
    Err(ApiError::invalid_value(message).at(field))
}
