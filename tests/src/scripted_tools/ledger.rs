use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::time::sleep;

/// How often the `until_` functions look.
const GLANCE: Duration = Duration::from_millis(2);

/// A call as the receiver saw it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the ledger, from 0.
    pub number: usize,
    /// The tool.
    pub tool: String,
    /// Its arguments.
    pub arguments: Map<String, Value>,
    /// The key it came under.
    pub key: Option<String>,
    /// W3C trace context that came along.
    pub traceparent: Option<String>,
    /// SHA-256 of the authorization it came with, in hex.
    pub authorization: Option<String>,
    /// Whether it had an effect: a repetition under the same key has none where keys count.
    pub effect: bool,
    /// When it came, in milliseconds since 1970.
    pub started: i64,
    /// When its answer was ready.
    pub ended: Option<i64>,
    /// Whether the caller went away before that.
    pub abandoned: bool,
}

/// What a tool server did, by its own account.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: Mutex<Vec<Entry>>,
    file: Option<Mutex<File>>,
}

/// What comes with a call besides its arguments.
#[derive(Debug, Clone, Default)]
pub(super) struct Circumstances {
    pub(super) key: Option<String>,
    pub(super) traceparent: Option<String>,
    pub(super) authorization: Option<String>,
}

impl Ledger {
    /// Goes on with what is in the file, and appends to it. A line per change, each written at once:
    /// what is in the file survives the process.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let written = io::read_to_string(&file)?;
        // The last line may have been cut off by a kill; then what it tells did not happen.
        if !written.is_empty() && !written.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        let mut entries: Vec<Entry> = Vec::new();
        let whole = |line| serde_json::from_str::<Entry>(line).ok();
        for entry in written.lines().filter_map(whole) {
            match entries
                .iter_mut()
                .find(|known| known.number == entry.number)
            {
                Some(known) => *known = entry,
                None => entries.push(entry),
            }
        }
        Ok(Self {
            entries: Mutex::new(entries),
            file: Some(Mutex::new(file)),
        })
    }

    /// Every call, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.locked().clone()
    }

    /// How often a tool had an effect.
    pub fn effects(&self, tool: &str) -> usize {
        let entries = self.locked();
        let effect = |entry: &&Entry| entry.tool == tool && entry.effect;
        entries.iter().filter(effect).count()
    }

    /// The distinct keys under which a tool was called.
    pub fn keys(&self, tool: &str) -> BTreeSet<String> {
        let entries = self.locked();
        let of_tool = entries.iter().filter(|entry| entry.tool == tool);
        of_tool.filter_map(|entry| entry.key.clone()).collect()
    }

    /// Calls whose caller went away before the answer.
    pub fn abandoned(&self) -> usize {
        self.locked().iter().filter(|entry| entry.abandoned).count()
    }

    /// Waits until at least this many calls have come. Callers bring their own timeout.
    pub async fn until_called(&self, count: usize) {
        while self.locked().len() < count {
            sleep(GLANCE).await;
        }
    }

    /// Waits until at least this many callers went away. Callers bring their own timeout.
    pub async fn until_abandoned(&self, count: usize) {
        while self.abandoned() < count {
            sleep(GLANCE).await;
        }
    }

    /// Forgets everything, in the file too.
    pub fn forget(&self) {
        let mut entries = self.locked();
        entries.clear();
        if let Some(file) = &self.file {
            let file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.set_len(0).expect("the ledger's file can be emptied");
        }
    }

    /// Writes a call down, which is its effect.
    pub(super) fn enter(
        &self,
        tool: &str,
        arguments: &Map<String, Value>,
        around: Circumstances,
    ) -> usize {
        let mut entries = self.locked();
        let repeated = tool == "note" && around.key.is_some();
        let seen = |entry: &Entry| entry.tool == tool && entry.key == around.key;
        let entry = Entry {
            number: entries.len(),
            tool: tool.to_owned(),
            arguments: arguments.clone(),
            effect: !(repeated && entries.iter().any(seen)),
            key: around.key,
            traceparent: around.traceparent,
            authorization: around.authorization.map(|secret| hashed(&secret)),
            started: now(),
            ended: None,
            abandoned: false,
        };
        self.write(&entry);
        entries.push(entry);
        entries.len() - 1
    }

    /// Writes down how a call ended.
    pub(super) fn close(&self, number: usize, abandoned: bool) {
        let mut entries = self.locked();
        let Some(entry) = entries.get_mut(number) else {
            return;
        };
        entry.ended = (!abandoned).then(now);
        entry.abandoned = abandoned;
        self.write(entry);
    }

    fn write(&self, entry: &Entry) {
        let Some(file) = &self.file else { return };
        let mut line = serde_json::to_vec(entry).expect("an entry is JSON");
        line.push(b'\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line)
            .expect("the ledger's file takes another line");
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hashed(secret: &str) -> String {
    let hash = Sha256::digest(secret.as_bytes());
    hash.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes more");
        text
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the receiver has a clock of its own"
)]
fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
