//! `jan-server migrate`: brings the schema up to date.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

/// Options of `migrate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jan-server migrate
  DATABASE_URL=postgres://jan@db/jan jan-server migrate

`serve` does this by itself unless database.auto_migrate is false. Several at once take turns, and
running it again does nothing. Without DATABASE_URL the embedded database is made if need be.
Exit codes: 0 up to date, 1 failed (a failed migration is rolled back), 2 asked wrongly.")]
pub struct MigrateArgs {}

/// Tells of migrations as they run: a bar on a terminal's standard error, lines on standard output.
pub struct MigrationReport<'w, W> {
    out: &'w mut W,
    bar: ProgressBar,
    ran: usize,
}

impl<'w, W: Write> MigrationReport<'w, W> {
    /// A report on so many migrations.
    pub fn new(out: &'w mut W, pending: usize) -> Self {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len}  {msg}  {elapsed}");
        let style = style.expect("the template is well formed");
        // Hidden by itself where standard error is no terminal.
        let bar = ProgressBar::new(pending as u64).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { out, bar, ran: 0 }
    }

    /// One begins.
    pub fn begins(&self, name: &str) {
        self.bar.set_message(name.to_owned());
    }

    /// It is done.
    pub fn done(&mut self, name: &str, took: Duration) -> std::io::Result<()> {
        self.ran += 1;
        self.bar.inc(1);
        let out = &mut *self.out;
        self.bar.suspend(|| {
            writeln!(out, "ran {name} in {:.2} s", took.as_secs_f64())?;
            out.flush()
        })
    }

    /// All are done.
    pub fn ends(self) -> std::io::Result<()> {
        self.bar.finish_and_clear();
        match self.ran {
            0 => writeln!(self.out, "The schema was up to date: nothing ran.")?,
            1 => writeln!(self.out, "The schema is up to date: 1 migration ran.")?,
            ran => writeln!(self.out, "The schema is up to date: {ran} migrations ran.")?,
        }
        self.out.flush()
    }
}
