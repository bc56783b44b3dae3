//! What a server and its workers say to each other: JSON, each message after its length in four
//! bytes, over the worker's standard input and output.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::runner::RunOutcome;
use super::settings::CodeLimits;

/// Size of a message to a worker: the program, and the session in base64.
const TO_WORKER_MAX: usize = 64 << 20;

/// What a worker of monty is asked, once.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) code: String,
    /// The session as it was left, in base64.
    pub(super) session: Option<String>,
    /// Size of the session that may be given back; none is wanted if absent.
    pub(super) keep_session_bytes: Option<usize>,
    pub(super) bounds: Bounds,
}

/// What a worker of bubblewrap is asked, once.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct BoxedJob {
    pub(super) code: String,
    pub(super) bounds: Bounds,
    pub(super) python: PathBuf,
    pub(super) bubblewrap: PathBuf,
}

/// The limits as a worker sees them.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Bounds {
    pub(super) time_ms: u64,
    pub(super) memory_bytes: usize,
    pub(super) recursion: usize,
    pub(super) output_bytes: usize,
    pub(super) artifact_bytes: usize,
    pub(super) artifacts: usize,
}

impl From<&CodeLimits> for Bounds {
    fn from(limits: &CodeLimits) -> Self {
        Self {
            time_ms: u64::try_from(limits.time.as_millis()).unwrap_or(u64::MAX),
            memory_bytes: limits.memory_bytes,
            recursion: limits.recursion,
            output_bytes: limits.output_bytes,
            artifact_bytes: limits.artifact_bytes,
            artifacts: limits.artifacts,
        }
    }
}

/// What a worker says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub(super) enum Word {
    /// It is confined and begins. Before this, nothing of the program has run.
    Begun,
    /// The program printed something.
    Said { stream: Stream, text: String },
    /// The program has ended.
    Ended(Box<Ended>),
}

/// Where something was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// How a program ended, in its worker's words.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) outcome: RunOutcome,
    #[serde(default)]
    pub(super) output_cut: bool,
    #[serde(default)]
    pub(super) value: Option<String>,
    #[serde(default)]
    pub(super) error: Option<String>,
    /// The session as it is now, in base64.
    #[serde(default)]
    pub(super) session: Option<String>,
    #[serde(default)]
    pub(super) warning: Option<String>,
    #[serde(default)]
    pub(super) peak_memory_bytes: Option<u64>,
    #[serde(default)]
    pub(super) files: Vec<File>,
}

/// A file that a program left.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) size: u64,
    /// In base64, unless it would be too much.
    pub(super) bytes: Option<String>,
}

/// Writes a message, on the worker's side.
pub(super) fn write(out: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    out.write_all(&framed(message)?)?;
    out.flush()
}

/// Reads a message, on the worker's side.
pub(super) fn read<T: DeserializeOwned>(input: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    input.read_exact(&mut length)?;
    let mut text = vec![0; bounded(length, TO_WORKER_MAX)?];
    input.read_exact(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

/// Writes a message, on the server's side.
pub(super) async fn send(
    out: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
) -> io::Result<()> {
    out.write_all(&framed(message)?).await?;
    out.flush().await
}

/// Reads a message of at most so many bytes, on the server's side.
pub(super) async fn receive<T: DeserializeOwned>(
    input: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
) -> io::Result<T> {
    let mut length = [0; 4];
    input.read_exact(&mut length).await?;
    let length = bounded(length, bytes_max)?;
    let mut text = Vec::new();
    // Memory is taken as bytes come, not as they are promised.
    let read = input.take(length as u64).read_to_end(&mut text).await?;
    if read < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&text)?)
}

fn framed(message: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    serde_json::to_writer(&mut frame, message)?;
    let length = u32::try_from(frame.len() - 4).map_err(|_| io::ErrorKind::InvalidInput)?;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    Ok(frame)
}

fn bounded(length: [u8; 4], bytes_max: usize) -> io::Result<usize> {
    match usize::try_from(u32::from_be_bytes(length)) {
        Ok(length) if length <= bytes_max => Ok(length),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
