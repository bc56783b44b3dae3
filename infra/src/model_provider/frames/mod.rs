use std::mem;

use bytes::{Bytes, BytesMut};
use jan_domain::ports::{Frame, ProviderFailure};
use memchr::memchr;

/// What is sent instead of data when a stream ends well.
const DONE: &[u8] = b"[DONE]";
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Finds the frames in the bytes of an event stream, however the network cut them.
///
/// A line that lies within one chunk is a slice of it; only a line that crosses chunks is copied.
/// Bytes are never read as text, so a character cut in half is no matter.
pub(super) struct FrameSplitter {
    /// What is left of the last chunk.
    chunk: Bytes,
    /// The beginning of a line whose end has not arrived.
    begun: BytesMut,
    event: Event,
    first_line: bool,
    frame_bytes_max: usize,
}

/// The data lines of an event that has not ended.
enum Event {
    Empty,
    One(Bytes),
    Several(BytesMut),
}

impl FrameSplitter {
    pub(super) fn new(frame_bytes_max: usize) -> Self {
        Self {
            chunk: Bytes::new(),
            begun: BytesMut::new(),
            event: Event::Empty,
            first_line: true,
            frame_bytes_max,
        }
    }

    /// Takes the next chunk; the frames of the last one must have been taken.
    pub(super) fn push(&mut self, chunk: Bytes) {
        debug_assert!(
            self.chunk.is_empty(),
            "frames are taken before the next chunk comes"
        );
        self.chunk = chunk;
    }

    /// The next whole frame, or `None` when more bytes are needed.
    pub(super) fn next_frame(&mut self) -> Option<Result<Frame, ProviderFailure>> {
        while let Some(line) = self.next_line() {
            if let Some(frame) = self.read_line(&line) {
                return Some(Ok(frame));
            }
            if self.event.len() > self.frame_bytes_max {
                return Some(Err(ProviderFailure::Garbled));
            }
        }
        (self.begun.len() > self.frame_bytes_max).then_some(Err(ProviderFailure::Garbled))
    }

    /// The frame that the end of the stream ends: one whose blank line is missing, or a `[DONE]`
    /// without a line end. Any other unfinished line is the stump of a cut frame.
    pub(super) fn finish(&mut self) -> Option<Frame> {
        let begun = mem::take(&mut self.begun).freeze();
        if begun.is_empty() {
            return self.event.take();
        }
        let ends_well = data_of(&begun).is_some_and(|data| data.trim_ascii() == DONE);
        ends_well.then_some(Frame::Done)
    }

    /// The next line without its end; what follows the last line end is put by.
    fn next_line(&mut self) -> Option<Bytes> {
        let Some(end) = memchr(b'\n', &self.chunk) else {
            self.begun.extend_from_slice(&mem::take(&mut self.chunk));
            return None;
        };
        let mut line = self.chunk.split_to(end + 1);
        if !self.begun.is_empty() {
            self.begun.extend_from_slice(&line);
            line = mem::take(&mut self.begun).freeze();
        }
        line.truncate(line.len() - 1);
        if line.ends_with(b"\r") {
            line.truncate(line.len() - 1);
        }
        if mem::take(&mut self.first_line) && line.starts_with(BYTE_ORDER_MARK) {
            line = line.slice(BYTE_ORDER_MARK.len()..);
        }
        Some(line)
    }

    /// A blank line ends the event; of the other lines only `data` matters to this protocol.
    fn read_line(&mut self, line: &Bytes) -> Option<Frame> {
        if line.is_empty() {
            return self.event.take();
        }
        if let Some(data) = data_of(line) {
            self.event.add(line.slice(line.len() - data.len()..));
        }
        None
    }
}

impl Event {
    fn add(&mut self, line: Bytes) {
        *self = match mem::replace(self, Self::Empty) {
            Self::Empty => Self::One(line),
            Self::One(first) => Self::Several(BytesMut::from(first)).and(&line),
            several @ Self::Several(_) => several.and(&line),
        };
    }

    fn and(mut self, line: &[u8]) -> Self {
        if let Self::Several(lines) = &mut self {
            lines.extend_from_slice(b"\n");
            lines.extend_from_slice(line);
        }
        self
    }

    /// Ends the event. One without data says nothing.
    fn take(&mut self) -> Option<Frame> {
        let data = match mem::replace(self, Self::Empty) {
            Self::Empty => return None,
            Self::One(line) => line,
            Self::Several(lines) => lines.freeze(),
        };
        match data.trim_ascii() {
            b"" => None,
            DONE => Some(Frame::Done),
            _ => Some(Frame::Data(data)),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::One(line) => line.len(),
            Self::Several(lines) => lines.len(),
        }
    }
}

/// What follows `data:` and at most one space.
fn data_of(line: &[u8]) -> Option<&[u8]> {
    let value = line.strip_prefix(b"data")?;
    if value.is_empty() {
        return Some(value);
    }
    let value = value.strip_prefix(b":")?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

#[cfg(test)]
mod tests;
