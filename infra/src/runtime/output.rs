//! What a child says: passed on to the log, and its last lines kept for error messages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio_util::task::TaskTracker;

/// Enough to see the cause of a failed start, short enough for an error message.
const LINES_KEPT: usize = 15;

/// The last lines of a child in its present life.
#[derive(Debug, Clone, Default)]
pub(crate) struct LastLines {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl LastLines {
    /// Starts a new life.
    pub(crate) fn forget(&self) {
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// The lines as indented text.
    pub(crate) fn text(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return "  (it said nothing)".to_owned();
        }
        lines
            .iter()
            .map(|line| format!("  {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Reads a stream of the child until it closes.
    pub(crate) fn follow<R>(&self, name: &'static str, stream: Option<R>, tracker: &TaskTracker)
    where
        R: AsyncRead + Unpin + Send + 'static,
    {
        let Some(stream) = stream else { return };
        let kept = self.clone();
        tracker.spawn(async move {
            let mut lines = BufReader::new(stream).split(b'\n');
            // A stream that cannot be read any more belongs to a child that is gone.
            while let Ok(Some(line)) = lines.next_segment().await {
                let line = String::from_utf8_lossy(&line).trim_end().to_owned();
                tracing::debug!(child.name = name, "{line}");
                kept.keep(line);
            }
        });
    }

    fn keep(&self, line: String) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LINES_KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}
