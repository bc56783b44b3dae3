use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::error::ConfigError;
use super::setting::Source;

/// Sections of which there may be several, and how they are written.
const LISTS: &[(&str, &str)] = &[
    ("providers", "tables: [[providers]]"),
    ("tool_servers", "tables: [[tool_servers]]"),
];

/// `jan.toml`, flattened: dotted names and the texts of their values.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    pub(crate) path: PathBuf,
    pub(crate) values: BTreeMap<String, String>,
    /// Tables with nothing in them; a misspelt one is still a mistake.
    pub(crate) empty_tables: Vec<String>,
    /// The tables of `[[providers]]` and their like, by name and in order.
    pub(crate) lists: BTreeMap<&'static str, Vec<BTreeMap<String, String>>>,
}

impl ConfigFile {
    pub(crate) fn open(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let mut table: Table = text.parse().map_err(|error| not_toml(path, text, &error))?;
        let mut file = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        for (name, expected) in LISTS {
            if let Some(entries) = table.remove(*name) {
                let entries = tables(path, name, expected, entries)?;
                file.lists.insert(name, entries);
            }
        }
        file.empty_tables = empty_tables(&table);
        flatten(path, "", table, &mut file.values)?;
        Ok(file)
    }
}

fn empty_tables(table: &Table) -> Vec<String> {
    let is_empty = |value: &Value| value.as_table().is_some_and(Table::is_empty);
    table
        .iter()
        .filter(|(_, value)| is_empty(value))
        .map(|(name, _)| name.clone())
        .collect()
}

fn tables(
    path: &Path,
    name: &str,
    expected: &'static str,
    entries: Value,
) -> Result<Vec<BTreeMap<String, String>>, ConfigError> {
    let wrong = || wrong(path, name, expected);
    let Value::Array(entries) = entries else {
        return Err(wrong());
    };
    let entry = |entry| {
        let Value::Table(table) = entry else {
            return Err(wrong());
        };
        let mut values = BTreeMap::new();
        flatten(path, "", table, &mut values)?;
        Ok(values)
    };
    entries.into_iter().map(entry).collect()
}

fn flatten(
    path: &Path,
    prefix: &str,
    table: Table,
    values: &mut BTreeMap<String, String>,
) -> Result<(), ConfigError> {
    for (key, value) in table {
        let name = format!("{prefix}{key}");
        match value {
            Value::Table(inner) => flatten(path, &format!("{name}."), inner, values)?,
            Value::Array(entries) => {
                let texts: Option<Vec<_>> = entries.into_iter().map(scalar).collect();
                let texts = texts.ok_or_else(|| wrong(path, &name, "a list of texts"))?;
                values.insert(name, texts.join(","));
            }
            other => {
                let text = scalar(other).ok_or_else(|| wrong(path, &name, "a text or a number"))?;
                values.insert(name, text);
            }
        }
    }
    Ok(())
}

fn scalar(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
    }
}

fn wrong(path: &Path, name: &str, expected: &'static str) -> ConfigError {
    ConfigError::Wrong {
        name: name.to_owned(),
        place: Source::file(path),
        expected,
    }
}

/// The parser's own rendering quotes the line, and the line may hold a key.
fn not_toml(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let offset = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text
        .get(..offset)
        .map_or(1, |before| before.split('\n').count());
    ConfigError::NotToml {
        path: path.to_owned(),
        line,
        message: error.message().to_owned(),
    }
}
