use std::fmt;
use std::mem;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FormatFields, FormattedFields};

/// The fields of a span as a JSON object that grows at its end.
///
/// The stock formatter reads the whole object back and writes it again for every field that a span
/// learns later, which took a fifth of a request's time. A field that is told twice stands there
/// twice; whoever reads JSON takes the last.
#[derive(Debug, Clone, Copy)]
pub(super) struct SpanFields;

impl<'writer> FormatFields<'writer> for SpanFields {
    fn format_fields<R: RecordFields>(
        &self,
        mut writer: Writer<'writer>,
        fields: R,
    ) -> fmt::Result {
        let mut text = String::new();
        extend(&mut text, |object| fields.record(object));
        writer.write_str(&text)
    }

    fn add_fields(
        &self,
        current: &'writer mut FormattedFields<Self>,
        fields: &Record<'_>,
    ) -> fmt::Result {
        extend(&mut current.fields, |object| fields.record(object));
        Ok(())
    }
}

/// A JSON object without its last brace.
struct OpenObject(Vec<u8>);

/// Most spans say no more than this, so their text is allocated once.
const USUAL_BYTES: usize = 512;

fn extend(text: &mut String, record: impl FnOnce(&mut OpenObject)) {
    let mut bytes = mem::take(text).into_bytes();
    if bytes.pop().is_none() {
        bytes.reserve(USUAL_BYTES);
        bytes.push(b'{');
    }
    let mut object = OpenObject(bytes);
    record(&mut object);
    object.0.push(b'}');
    *text = String::from_utf8(object.0).expect("JSON is UTF-8");
}

impl OpenObject {
    fn put(&mut self, field: &Field, value: impl Serialize) {
        let name = field.name();
        self.name(name.strip_prefix("r#").unwrap_or(name));
        // Only a value that refuses to be written fails, and then its place says `null`.
        let before = self.0.len();
        if serde_json::to_writer(&mut self.0, &value).is_err() {
            self.0.truncate(before);
            self.0.extend_from_slice(b"null");
        }
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        serde_json::to_writer(&mut self.0, name).expect("a text can be written");
        self.0.push(b':');
    }
}

/// A value as its `Debug` shows it, which for `%value` is its `Display`.
struct Shown<'v>(&'v dyn fmt::Debug);

impl Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:?}", self.0))
    }
}

impl Visit for OpenObject {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, Shown(value));
    }
}
