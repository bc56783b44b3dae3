//! Moments of the past, as arguments name them.

use chrono::{DateTime, Utc};
use jan_commands::store::Moment;

use super::given::within;
use super::scalar::BigInt;
use crate::error::ApiError;

/// The moment that a query asks for; none is the present.
pub(super) fn asked(
    version: Option<BigInt>,
    time: Option<DateTime<Utc>>,
    position: Option<BigInt>,
) -> Result<Option<Moment>, ApiError> {
    let moments = [
        whole(version, "at_version")?.map(Moment::Version),
        within(time, "at_time")?.map(Moment::Time),
        whole(position, "at_position")?.map(Moment::Position),
    ];
    let mut asked = moments.into_iter().flatten();
    let first = asked.next();
    if asked.next().is_none() {
        return Ok(first);
    }
    let message = "Only one of 'atVersion', 'atTime' and 'atPosition' can be given.";
    Err(ApiError::invalid_value(message).at("at_version"))
}

fn whole(given: Option<BigInt>, name: &str) -> Result<Option<i64>, ApiError> {
    match given {
        Some(BigInt(number)) if number < 1 => {
            let message = "Expected a whole number from 1.";
            Err(ApiError::invalid_value(message).at(name))
        }
        given => Ok(given.map(|BigInt(number)| number)),
    }
}
