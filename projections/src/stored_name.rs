//! Enums in text columns: stored under the names the domain gives them in events.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer};
use sqlx::Row;
use sqlx::postgres::PgRow;

/// Reads the name of a variant without fields.
pub(crate) fn read<T: DeserializeOwned>(row: &PgRow, column: &str) -> Result<T, sqlx::Error> {
    parse(column, row.try_get(column)?)
}

/// Reads such a name, if there is one.
pub(crate) fn read_optional<T: DeserializeOwned>(
    row: &PgRow,
    column: &str,
) -> Result<Option<T>, sqlx::Error> {
    let name: Option<&str> = row.try_get(column)?;
    name.map(|name| parse(column, name)).transpose()
}

fn parse<T: DeserializeOwned>(column: &str, name: &str) -> Result<T, sqlx::Error> {
    let name: StrDeserializer<'_, serde::de::value::Error> = name.into_deserializer();
    T::deserialize(name).map_err(|error| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: error.into(),
    })
}
