//! An event as a line of a file, for this log or another: JSON, with payload and metadata in the bytes
//! that are stored.

use chrono::{DateTime, SecondsFormat, Utc};
use jan_commands::store::ForeignEvent;
use jan_projections::audit::ExportedEvent;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The line. `position` and `recorded_at` say where and when it was recorded; another log gives it a
/// position of its own, and keeps everything else.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'e> {
    position: i64,
    event_id: Uuid,
    aggregate_type: String,
    stream: String,
    sequence: i64,
    r#type: String,
    version: String,
    recorded_at: String,
    #[serde(borrow)]
    payload: Stored<'e>,
    #[serde(borrow)]
    metadata: Stored<'e>,
}

/// Stored JSON: as it is if that fits on a line, else as a text in quotation marks. Payloads and
/// metadata are objects, so the two are never taken for each other.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct Stored<'e>(#[serde(borrow)] &'e RawValue);

/// Why a line is no event.
#[derive(Debug, thiserror::Error)]
pub(super) enum Illegible {
    #[error("it is not an event as `events export` writes it: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("its time '{0}' is not one")]
    Time(String),
}

/// Writes an event as a line, without the end of one.
pub(super) fn write(event: &ExportedEvent) -> Result<String, serde_json::Error> {
    let (payload, metadata) = (stored(&event.payload)?, stored(&event.metadata)?);
    let at = event.recorded_at;
    serde_json::to_string(&Record {
        position: event.position,
        event_id: event.event_id,
        aggregate_type: event.aggregate_type.clone(),
        stream: event.aggregate_id.clone(),
        sequence: event.sequence,
        r#type: event.event_type.clone(),
        version: event.event_version.clone(),
        recorded_at: at.to_rfc3339_opts(SecondsFormat::Micros, true),
        payload: Stored(&payload),
        metadata: Stored(&metadata),
    })
}

/// Reads a line.
pub(super) fn read(line: usize, text: &str) -> Result<ForeignEvent, Illegible> {
    let record: Record<'_> = serde_json::from_str(text)?;
    let recorded_at = DateTime::parse_from_rfc3339(&record.recorded_at);
    let recorded_at = recorded_at.map_err(|_| Illegible::Time(record.recorded_at.clone()))?;
    Ok(ForeignEvent {
        line,
        event_id: record.event_id,
        aggregate_type: record.aggregate_type,
        aggregate_id: record.stream,
        sequence: record.sequence,
        event_type: record.r#type,
        event_version: record.version,
        payload: record.payload.text()?,
        metadata: record.metadata.text()?,
        recorded_at: recorded_at.with_timezone(&Utc),
    })
}

fn stored(json: &str) -> Result<Box<RawValue>, serde_json::Error> {
    let fits = json.starts_with('{') && json.ends_with('}') && !json.contains(['\n', '\r']);
    let text = if fits {
        json.to_owned()
    } else {
        serde_json::to_string(json)?
    };
    RawValue::from_string(text)
}

impl Stored<'_> {
    fn text(&self) -> Result<String, serde_json::Error> {
        let raw = self.0.get();
        if raw.starts_with('"') {
            serde_json::from_str(raw)
        } else {
            Ok(raw.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_what_is_stored_comes_back() {
        for json in [
            r#"{"n":1.50e3,"a":"\u0041\n\"","z":{},"a":2}"#,
            "{\"a\":\n 1}",
            " {\"a\":1} ",
            "\"{}\"",
            "[1]",
        ] {
            let event = ExportedEvent {
                position: 7,
                event_id: Uuid::from_u128(5),
                aggregate_type: "conversation".to_owned(),
                aggregate_id: "conv_1".to_owned(),
                sequence: 1,
                event_type: "E".to_owned(),
                event_version: "1.0".to_owned(),
                payload: json.to_owned(),
                metadata: json.to_owned(),
                recorded_at: DateTime::from_timestamp_micros(1_767_225_600_000_001).unwrap(),
            };
            let line = write(&event).unwrap();
            assert!(!line.contains('\n'), "{line}");
            let read = read(1, &line).unwrap();
            assert_eq!(
                (read.payload.as_str(), read.metadata.as_str()),
                (json, json)
            );
            assert_eq!(read.recorded_at, event.recorded_at);
        }
    }
}
