//! The past: which moment of it a query asks for, and which one an answer shows.

use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};
use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderName, HeaderValue};
use jan_commands::store::{Moment, Record};

use crate::error::ApiError;
use crate::rest::page::ListQuery;

const VERSION: HeaderName = HeaderName::from_static("x-as-of-version");
const TIME: HeaderName = HeaderName::from_static("x-as-of-time");
const POSITION: HeaderName = HeaderName::from_static("x-as-of-position");

/// The last second of the year 9999: nobody needs a later one, and not everybody knows one.
const LAST_SECOND: i64 = 253_402_300_799;

/// What everything with a past can be asked for. The document's picture of [`asked`].
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read name by name; see `asked`")]
#[expect(
    clippy::struct_field_names,
    reason = "these are the names of the parameters"
)]
pub(crate) struct MomentParams {
    /// As it stood after so many events of its own, from 1. One that it has not reached is an error.
    #[param(minimum = 1)]
    at_version: Option<i64>,
    /// As it stood at this time: RFC 3339, or Unix seconds. Before it began nothing is found; what
    /// is still to come is the present.
    at_time: Option<String>,
    /// As it stood when the log had come to this position.
    at_position: Option<i64>,
}

/// The moment that a query asks for, and the parameter that does; `None` is the present.
pub(crate) fn asked(query: &ListQuery) -> Result<Option<(&'static str, Moment)>, ApiError> {
    let names = ["at_version", "at_time", "at_position"];
    let mut given = Vec::new();
    for name in names {
        given.extend(query.get(name)?.map(|text| (name, text)));
    }
    match given.as_slice() {
        [] => Ok(None),
        [(name, text)] => Ok(Some((*name, read(name, text)?))),
        [_, (second, _), ..] => {
            let message = "Only one of 'at_version', 'at_time' and 'at_position' can be given.";
            Err(ApiError::invalid_value(message).at(*second))
        }
    }
}

fn read(name: &str, text: &str) -> Result<Moment, ApiError> {
    match name {
        "at_time" => time(text).map(Moment::Time),
        "at_position" => whole_number(name, text).map(Moment::Position),
        _ => whole_number(name, text).map(Moment::Version),
    }
}

/// A version or a position.
pub(crate) fn whole_number(name: &str, text: &str) -> Result<i64, ApiError> {
    let number = text.parse().ok().filter(|number: &i64| *number >= 1);
    number.ok_or_else(|| {
        let message = format!("Invalid '{name}': expected a whole number from 1.");
        ApiError::invalid_value(message).at(name)
    })
}

/// A time as people and programs write it.
pub(crate) fn time(text: &str) -> Result<DateTime<Utc>, ApiError> {
    // A plus that was not percent-encoded arrives as a space.
    let written = text.replace(' ', "+");
    let read = DateTime::parse_from_rfc3339(&written).map(|time| time.to_utc());
    let read = read.ok().or_else(|| {
        let seconds = text.parse().ok()?;
        DateTime::from_timestamp(seconds, 0)
    });
    let known = |time: &DateTime<Utc>| (0..=LAST_SECOND).contains(&time.timestamp());
    read.filter(known).ok_or_else(|| {
        let message = "Invalid 'at_time': expected a time such as '2026-01-31T12:00:00Z', or Unix \
                       seconds.";
        ApiError::invalid_value(message).at("at_time")
    })
}

/// Refuses a version that was not reached when the stream was read.
pub(crate) fn reached(name: &str, wanted: Moment, shown: &Record) -> Result<(), ApiError> {
    match wanted {
        Moment::Version(version) if version > shown.version => {
            let message = format!(
                "Invalid '{name}': it has {} versions, and {version} is beyond.",
                shown.version
            );
            Err(ApiError::invalid_value(message).at(name))
        }
        _ => Ok(()),
    }
}

/// Which moment an answer shows, as its `x-as-of-…` headers.
#[derive(Debug, Clone)]
pub(crate) struct Shown(Record);

impl Shown {
    /// The moment that this event made.
    pub(crate) fn of(record: Record) -> Self {
        Self(record)
    }
}

/// A recorded time, as precise as it is known.
pub(crate) fn precisely(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

impl IntoResponseParts for Shown {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        let Self(record) = self;
        let headers = parts.headers_mut();
        headers.insert(VERSION, HeaderValue::from(record.version));
        headers.insert(POSITION, HeaderValue::from(record.position));
        if let Ok(time) = HeaderValue::from_str(&precisely(record.recorded_at)) {
            headers.insert(TIME, time);
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_and_programs_write_them() {
        let noon = DateTime::from_timestamp(1_769_860_800, 0).unwrap();
        for text in [
            "2026-01-31T12:00:00Z",
            "2026-01-31T13:00:00+01:00",
            "2026-01-31T13:00:00 01:00",
            "1769860800",
        ] {
            assert_eq!(time(text).unwrap(), noon, "{text}");
        }
        for text in [
            "yesterday",
            "2026-01-31",
            "99999999999999999",
            "1e9",
            "-99999999999999",
        ] {
            assert_eq!(time(text).unwrap_err().param(), Some("at_time"), "{text}");
        }
    }
}
