//! One program in one worker, from outside: what it is asked, what it says, and its end in time.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use jan_domain::ports::ToolFailure;
use rustix::process::Signal;
use serde::Serialize;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, timeout, timeout_at};

use super::confine::Memory;
use super::process::Worker;
use super::runner::{Run, RunOutcome};
use super::settings::CodeLimits;
use super::wire::{self, Ended, File, Stream, Word};

/// How long after its limit a program that did not end by itself is killed.
const GRACE: Duration = Duration::from_millis(250);
/// What a dead worker is given to leave its last words and its status.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// How much of its last words is looked at.
const LAST_WORDS_BYTES_MAX: u64 = 8 << 10;
/// What a message holds besides its texts.
const MESSAGE_BYTES_AHEAD: usize = 64 << 10;

/// What was heard of a program.
pub(super) struct Heard {
    /// What came of it.
    pub(super) run: Run,
    /// The session as it is now.
    pub(super) session: Option<String>,
    /// The files it left, as its worker tells.
    pub(super) files: Vec<File>,
}

/// Asks a worker, hears it out, and sees to its end. Dropping the future kills it.
pub(super) async fn converse(
    mut worker: Worker,
    job: &impl Serialize,
    limits: &CodeLimits,
    session_bytes_max: usize,
) -> Result<Heard, ToolFailure> {
    let begun = Instant::now();
    let mut ear = Ear::new(limits, session_bytes_max);
    let heard = timeout_at(begun + limits.time + GRACE, ear.hear(&mut worker, job)).await;
    let end = match heard {
        Ok(Some(ended)) => End::Told(ended),
        Ok(None) => End::Died(obituary(&mut worker).await),
        Err(_) => End::Overdue(peak(&worker)),
    };
    // Its work is done, whatever it says: a worker runs one program.
    if let Err(error) = worker.child.kill().await {
        tracing::debug!(error = %error, "a code worker was gone before it was ended");
    }
    if !ear.begun {
        if let End::Died(obituary) = &end {
            let status = obituary.status.map(|status| status.to_string());
            tracing::error!(
                status,
                words = obituary.words,
                "a code worker does not start"
            );
        }
        return Err(ToolFailure::Unreachable);
    }
    Ok(ear.tell(end, begun.elapsed(), limits))
}

/// How hearing ended.
enum End {
    /// With the worker's word.
    Told(Box<Ended>),
    /// With its death, or with something that is not the protocol.
    Died(Obituary),
    /// With our patience. The most memory it held by then.
    Overdue(Option<u64>),
}

struct Obituary {
    status: Option<ExitStatus>,
    words: String,
    peak: Option<u64>,
}

fn peak(worker: &Worker) -> Option<u64> {
    Some(Memory::of(worker.child.id()?)?.peak)
}

async fn obituary(worker: &mut Worker) -> Obituary {
    let peak = peak(worker);
    let status = timeout(LAST_WORDS, worker.child.wait()).await;
    let mut words = Vec::new();
    let mut last = (&mut worker.stderr).take(LAST_WORDS_BYTES_MAX);
    // What was read before an error or the end of patience is there all the same.
    let _read = timeout(LAST_WORDS, last.read_to_end(&mut words)).await;
    Obituary {
        status: status.ok().and_then(Result::ok),
        words: String::from_utf8_lossy(&words).into_owned(),
        peak,
    }
}

impl Obituary {
    fn outcome(&self) -> RunOutcome {
        let killed_by = self.status.and_then(|status| status.signal());
        if self.words.contains("memory allocation of") {
            RunOutcome::OutOfMemory
        } else if killed_by == Some(Signal::XCPU.as_raw()) {
            RunOutcome::TimedOut
        } else {
            RunOutcome::Killed
        }
    }
}

/// Takes down what a worker says, and no more than may be.
struct Ear {
    begun: bool,
    stdout: Text,
    stderr: Text,
    message_bytes_max: usize,
}

impl Ear {
    fn new(limits: &CodeLimits, session_bytes_max: usize) -> Self {
        let text = || Text {
            kept: String::new(),
            bytes_max: limits.output_bytes,
            cut: false,
        };
        // JSON writes a control character as six; base64 writes three bytes as four.
        let texts = 6 * 3 * limits.output_bytes;
        let base64 = 2 * (session_bytes_max + limits.artifact_bytes);
        Self {
            begun: false,
            stdout: text(),
            stderr: text(),
            message_bytes_max: texts + base64 + MESSAGE_BYTES_AHEAD,
        }
    }

    /// Asks and listens to the end, if it comes to one.
    async fn hear(&mut self, worker: &mut Worker, job: &impl Serialize) -> Option<Box<Ended>> {
        // A worker that does not listen has something to say about it, or its status has.
        wire::send(&mut worker.stdin, job).await.ok()?;
        loop {
            match wire::receive(&mut worker.stdout, self.message_bytes_max)
                .await
                .ok()?
            {
                Word::Begun => self.begun = true,
                Word::Said { stream, text } => match stream {
                    Stream::Stdout => self.stdout.add(&text),
                    Stream::Stderr => self.stderr.add(&text),
                },
                Word::Ended(ended) => return Some(ended),
            }
        }
    }

    fn tell(self, end: End, took: Duration, limits: &CodeLimits) -> Heard {
        let Self { stdout, stderr, .. } = self;
        let mut run = Run {
            outcome: RunOutcome::TimedOut,
            output_cut: stdout.cut || stderr.cut,
            stdout: stdout.kept,
            stderr: stderr.kept,
            value: None,
            error: None,
            artifacts: Vec::new(),
            warning: None,
            took,
            peak_memory_bytes: None,
        };
        let (mut session, mut files) = (None, Vec::new());
        match end {
            End::Overdue(peak) => run.peak_memory_bytes = peak,
            End::Died(obituary) => {
                run.outcome = obituary.outcome();
                run.peak_memory_bytes = obituary.peak;
            }
            End::Told(ended) => {
                run.outcome = ended.outcome;
                run.output_cut |= ended.output_cut;
                run.value = ended.value.map(|value| clipped(value, limits.output_bytes));
                run.error = ended.error.map(|error| clipped(error, limits.output_bytes));
                run.warning = ended.warning;
                run.peak_memory_bytes = ended.peak_memory_bytes;
                session = ended.session;
                files = ended.files;
            }
        }
        run.error = reason(run.outcome, limits).or(run.error);
        Heard {
            run,
            session,
            files,
        }
    }
}

/// Why a program was ended, in words that are the same whoever ended it.
fn reason(outcome: RunOutcome, limits: &CodeLimits) -> Option<String> {
    match outcome {
        RunOutcome::Finished | RunOutcome::Raised => None,
        RunOutcome::TimedOut => Some(format!("it took longer than {:?}", limits.time)),
        RunOutcome::OutOfMemory => {
            let most = limits.memory_bytes >> 20;
            Some(format!("it wanted more than {most} MiB of memory"))
        }
        RunOutcome::Killed => Some("its process died".to_owned()),
    }
}

/// A text that stops growing.
struct Text {
    kept: String,
    bytes_max: usize,
    cut: bool,
}

impl Text {
    fn add(&mut self, text: &str) {
        let room = self.bytes_max - self.kept.len();
        let taken = text.floor_char_boundary(room);
        self.kept.push_str(&text[..taken]);
        self.cut |= taken < text.len();
    }
}

/// A text cut to so many bytes.
pub(super) fn clipped(mut text: String, bytes_max: usize) -> String {
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}
