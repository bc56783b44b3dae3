use std::borrow::Cow;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use monty_types::{MontyException, PrintWriterCallback};

use crate::code::wire::{self, Stream, Word};

/// What is said at once.
const MESSAGE_BYTES: usize = 8 << 10;
/// How long something that was printed is held back.
const HELD_MAX: Duration = Duration::from_millis(50);

/// Passes on what a program prints, while it runs, up to a limit.
pub(super) struct Mouth<W> {
    out: W,
    held: String,
    said: Instant,
    room: usize,
    cut: bool,
}

impl<W: Write> Mouth<W> {
    pub(super) fn new(out: W, bytes_max: usize) -> Self {
        Self {
            out,
            held: String::new(),
            said: Instant::now(),
            room: bytes_max,
            cut: false,
        }
    }

    fn add(&mut self, text: &str) -> Result<(), MontyException> {
        let taken = text.floor_char_boundary(self.room);
        self.cut |= taken < text.len();
        self.room -= taken;
        self.held.push_str(&text[..taken]);
        if self.held.len() < MESSAGE_BYTES {
            return Ok(());
        }
        self.say().map_err(MontyException::runtime_error)
    }

    fn say(&mut self) -> io::Result<()> {
        self.said = Instant::now();
        if self.held.is_empty() {
            return Ok(());
        }
        let text = std::mem::take(&mut self.held);
        let stream = Stream::Stdout;
        wire::write(&mut self.out, &Word::Said { stream, text })
    }

    /// Passes on errors, which come at the end and have the limit to themselves.
    pub(super) fn complain(&mut self, text: String) -> io::Result<()> {
        self.say()?;
        let stream = Stream::Stderr;
        wire::write(&mut self.out, &Word::Said { stream, text })
    }

    /// Passes on the rest, and tells whether there was more.
    pub(super) fn close(mut self) -> io::Result<bool> {
        self.say()?;
        Ok(self.cut)
    }
}

impl<W: Write> PrintWriterCallback for Mouth<W> {
    fn stdout_write(&mut self, output: Cow<'_, str>) -> Result<(), MontyException> {
        self.add(&output)
    }

    fn stdout_push(&mut self, end: char) -> Result<(), MontyException> {
        self.add(end.encode_utf8(&mut [0; 4]))
    }

    fn poll_flush(&mut self) -> Result<(), MontyException> {
        if self.held.is_empty() || self.said.elapsed() < HELD_MAX {
            return Ok(());
        }
        self.say().map_err(MontyException::runtime_error)
    }
}
