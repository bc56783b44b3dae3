use std::io::Write;
use std::process::ExitCode;

use jan_projections::{Comparison, RowDifference, TableComparison};
use serde_json::{Map, Value};

use crate::cli::terminal::{Ink, Palette};

/// Most characters of a value that are shown.
const VALUE_CHARS: usize = 60;

/// Prints what a comparison found; a failure if there is a difference.
pub(super) fn tell(comparison: &Comparison, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    let palette = Palette::of_stdout();
    writeln!(out, "At position {}:", comparison.position)?;
    for table in &comparison.tables {
        tell_table(table, palette, out)?;
    }
    let equal = comparison.is_equal();
    writeln!(
        out,
        "{}",
        if equal {
            palette.ink(Ink::Green, "The live rows are those that the log makes.")
        } else {
            palette.ink(Ink::Red, "The live rows are not those that the log makes.")
        }
    )?;
    out.flush()?;
    Ok(ExitCode::from(u8::from(!equal)))
}

fn tell_table(
    table: &TableComparison,
    palette: Palette,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let (live, fresh) = (&table.live, &table.fresh);
    if live == fresh {
        let line = format!("{}: {} rows, {}", table.name, live.rows, live.hash);
        writeln!(out, "  {line}")?;
        return Ok(());
    }
    let line = format!(
        "{}: {} rows, {}; the log makes {} rows, {}",
        table.name, live.rows, live.hash, fresh.rows, fresh.hash
    );
    writeln!(out, "  {}", palette.ink(Ink::Red, &line))?;
    for difference in &table.differences {
        tell_row(difference, out)?;
    }
    Ok(())
}

fn tell_row(row: &RowDifference, out: &mut impl Write) -> anyhow::Result<()> {
    match (&row.live, &row.fresh) {
        (Some(_), None) => writeln!(out, "    {}: should not be there", row.key)?,
        (None, Some(_)) => writeln!(out, "    {}: is missing", row.key)?,
        (live, fresh) => {
            writeln!(out, "    {}:", row.key)?;
            let empty = Map::new();
            let (live, fresh) = (live.as_ref(), fresh.as_ref().unwrap_or(&empty));
            for (column, value) in live.unwrap_or(&empty) {
                let wanted = fresh.get(column).unwrap_or(&Value::Null);
                let (is, should) = (short(value), short(wanted));
                writeln!(out, "      {column} is {is}, should be {should}")?;
            }
        }
    }
    Ok(())
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
