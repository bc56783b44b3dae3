use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use jan_commands::store::{ForeignEvent, Imported};
use jan_domain::id::TenantId;
use uuid::Uuid;

use super::record;

/// Options of `events import`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server events import report.jsonl --dry-run
  jan-server events import report.jsonl --into-tenant support

Takes in what `events export` has written. Every line is checked first: whether this program can read the
event, whether it continues its stream, whether its id and its place are free. Then all of it is
written at once or, if anything is wrong, nothing. Ids, times, payloads and metadata stay as they were;
positions are new. What is on record already is left alone, so importing again adds nothing.
Exit codes: 0 done, 1 failed (nothing was written), 2 asked wrongly.")]
pub struct ImportArgs {
    /// Lines of `events export`
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Check everything, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Give everything to this tenant instead of the one it had
    #[arg(long, value_name = "TENANT")]
    into_tenant: Option<String>,
}

/// Events that are written in one statement.
pub const BATCH_EVENTS: usize = 500;

impl ImportArgs {
    /// Reads the whole file, and answers the ids of its events if each could be taken.
    pub fn check(&self) -> anyhow::Result<Vec<Uuid>> {
        let mut lines = HashMap::new();
        let mut ids = Vec::new();
        for event in self.events()? {
            let event = event?;
            let (line, id) = (event.line, event.event_id);
            event.check().with_context(|| format!("line {line}"))?;
            if let Some(first) = lines.insert(id, line) {
                bail!("line {line}: the event {id} is already in line {first}");
            }
            ids.push(id);
        }
        if ids.is_empty() {
            bail!("there are no events in {}", self.file.display());
        }
        Ok(ids)
    }

    /// The events in the order of the file.
    pub fn events(&self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<ForeignEvent>>> {
        let lines = open(&self.file)?.lines().enumerate();
        Ok(lines.filter_map(|(at, text)| self.event(at + 1, text).transpose()))
    }

    /// The event of a line that is not empty.
    fn event(&self, line: usize, text: io::Result<String>) -> anyhow::Result<Option<ForeignEvent>> {
        let at = || format!("line {line}");
        let text = text.with_context(at)?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        let mut event = record::read(line, &text).with_context(at)?;
        if let Some(tenant) = &self.into_tenant {
            event.move_into(&TenantId::new(tenant)).with_context(at)?;
        }
        Ok(Some(event))
    }

    /// Says what was done.
    pub fn tell(&self, imported: Imported, out: &mut impl Write) -> anyhow::Result<()> {
        let Imported { added, present } = imported;
        let would = if self.dry_run { "would be " } else { "" };
        writeln!(
            out,
            "{added} events {would}imported, {present} were on record already."
        )?;
        Ok(out.flush()?)
    }
}

fn open(path: &Path) -> anyhow::Result<BufReader<File>> {
    let file = File::open(path);
    let file = file.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(BufReader::new(file))
}
