//! Rows on their way into tables by COPY, in Postgres's text format.

use std::fmt::{Display, Write as _};

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgConnection;

/// Bytes of one message to the server.
const MESSAGE_BYTES: usize = 256 * 1024;

/// Rows of several tables, to be written in one transaction.
#[derive(Default)]
pub(crate) struct CopyRows {
    tables: Vec<TableRows>,
}

struct TableRows {
    /// The table and its columns, as in `copy … from`.
    target: &'static str,
    text: String,
}

/// A row that is being put down, column by column.
pub(crate) struct CopyRow<'r> {
    text: &'r mut String,
    begun: bool,
}

impl CopyRows {
    /// One more row of `target`: a table and its columns in the order in which they will be given,
    /// such as `accounts (account_id, tenant_id)`.
    pub(crate) fn row(&mut self, target: &'static str) -> CopyRow<'_> {
        let known = self.tables.iter().position(|rows| rows.target == target);
        let place = known.unwrap_or_else(|| {
            self.tables.push(TableRows {
                target,
                text: String::new(),
            });
            self.tables.len() - 1
        });
        CopyRow {
            text: &mut self.tables[place].text,
            begun: false,
        }
    }

    /// Sends them all, inside the caller's transaction.
    pub(crate) async fn send(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        for rows in &self.tables {
            let sql = format!("copy {} from stdin", rows.target);
            let mut copy = connection.copy_in_raw(&sql).await?;
            for message in rows.text.as_bytes().chunks(MESSAGE_BYTES) {
                if let Err(error) = copy.send(message).await {
                    // The connection is of no use until the server knows that no more will come.
                    copy.abort("the rest could not be sent").await?;
                    return Err(error);
                }
            }
            copy.finish().await?;
        }
        Ok(())
    }
}

impl CopyRow<'_> {
    fn next(&mut self) -> &mut String {
        if std::mem::replace(&mut self.begun, true) {
            self.text.push('\t');
        }
        self.text
    }

    /// A number or a truth.
    pub(crate) fn plain(mut self, value: impl Display) -> Self {
        write!(self.next(), "{value}").expect("memory takes any text");
        self
    }

    /// A number, if there is one.
    pub(crate) fn plain_or_null(self, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.plain(value),
            None => self.null(),
        }
    }

    /// Any text.
    pub(crate) fn text(mut self, value: &str) -> Self {
        escape(value, self.next());
        self
    }

    /// A text, if there is one.
    pub(crate) fn text_or_null(self, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(value),
            None => self.null(),
        }
    }

    /// A point in time, cut to the microseconds that a column holds.
    pub(crate) fn time(mut self, value: DateTime<Utc>) -> Self {
        let format = value.format("%Y-%m-%d %H:%M:%S%.6f+00");
        write!(self.next(), "{format}").expect("memory takes any text");
        self
    }

    /// A point in time, if there is one.
    pub(crate) fn time_or_null(self, value: Option<DateTime<Utc>>) -> Self {
        match value {
            Some(value) => self.time(value),
            None => self.null(),
        }
    }

    /// A value as JSON, if there is one.
    pub(crate) fn json_or_null(self, value: Option<&impl Serialize>) -> Self {
        match value {
            Some(value) => {
                let text = serde_json::to_string(value).expect("its keys are texts");
                self.text(&text)
            }
            None => self.null(),
        }
    }

    fn null(mut self) -> Self {
        self.next().push_str("\\N");
        self
    }

    /// The row is whole.
    pub(crate) fn end(self) {
        self.text.push('\n');
    }
}

/// Doubles backslashes and names what would end a column or a row.
fn escape(value: &str, text: &mut String) {
    let mut plain_from = 0;
    for (at, byte) in value.bytes().enumerate() {
        let name = match byte {
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            _ => continue,
        };
        text.push_str(&value[plain_from..at]);
        text.push_str(name);
        plain_from = at + 1;
    }
    text.push_str(&value[plain_from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_column_or_a_row_is_named() {
        let mut text = String::new();
        escape("a\tb\\N\r\n\u{e9}\\", &mut text);
        assert_eq!(text, "a\\tb\\\\N\\r\\n\u{e9}\\\\");
    }

    #[test]
    fn columns_are_kept_apart_and_an_empty_text_is_no_null() {
        let mut rows = CopyRows::default();
        rows.row("t (a, b, c)")
            .text("")
            .text_or_null(None)
            .plain(7)
            .end();
        rows.row("t (a, b, c)")
            .text("x")
            .text("y")
            .plain(true)
            .end();
        assert_eq!(rows.tables[0].text, "\t\\N\t7\nx\ty\ttrue\n");
    }
}
