use std::time::Duration;

use serde_json::json;

use super::Settings;

/// Frames of every streamed answer, as its reader counts them: the one with the role, the content,
/// and the one with the finish reason.
pub(super) const FRAMES: usize = 65;
/// Bytes of text in every answer, which makes a whole one about 1 kB.
pub(super) const REPLY_BYTES: usize = 600;
/// Length of the system prompt, which makes a request about 0.5 kB.
const PROMPT_BYTES: usize = 380;

const WARM_UP_CALLS: usize = 500;

/// Calls of one kind, put to every variant in the same way.
pub(super) struct Workload {
    pub(super) name: String,
    /// The JSON that is posted.
    pub(super) body: String,
    pub(super) is_stream: bool,
    /// Callers at once; each waits for its answer before it calls again.
    pub(super) connections: usize,
    pub(super) calls: usize,
    pub(super) patience: Duration,
}

impl Workload {
    /// What every round runs.
    pub(super) fn all(settings: &Settings) -> Vec<Self> {
        let mut all = Vec::new();
        for connections in settings.connections.iter().copied() {
            let name = format!("whole answers, {connections} connections");
            all.push(Self::new(name, "bench", false).load(connections, settings.calls));
        }
        let streams = "streams of 65 frames, unpaced, 8 connections".to_owned();
        all.push(Self::new(streams, "bench", true).load(8, settings.streams));
        for connections in settings.paced.iter().copied() {
            let name = format!("streams of 65 frames every 10 ms, {connections} at once");
            let paced = Self::new(name, "bench [first_token_ms=20] [frame_ms=10]", true);
            all.push(paced.load(connections, 2 * connections));
        }
        for (prompt, wait) in [
            ("bench", "an instant model"),
            ("bench [first_token_ms=20]", "a model that takes 20 ms"),
        ] {
            let name = format!("first frame of {wait}, one stream at a time");
            all.push(Self::new(name, prompt, true).load(1, settings.singles));
        }
        all.retain(|workload| workload.calls > 0);
        for workload in &mut all {
            workload.patience = settings.patience;
        }
        all
    }

    /// Fills caches and opens connections before anything is measured.
    pub(super) fn warm_up() -> Self {
        Self::new("warm-up".to_owned(), "bench", false).load(8, WARM_UP_CALLS)
    }

    fn new(name: String, prompt: &str, is_stream: bool) -> Self {
        let padding: String = "You are a helpful assistant. "
            .chars()
            .cycle()
            .take(PROMPT_BYTES)
            .collect();
        let body = json!({
            "model": "scripted-1",
            "messages": [
                {"role": "system", "content": padding},
                {"role": "user", "content": prompt},
            ],
            "stream": is_stream,
        });
        Self {
            name,
            body: body.to_string(),
            is_stream,
            connections: 1,
            calls: 0,
            patience: Duration::from_secs(30),
        }
    }

    fn load(self, connections: usize, calls: usize) -> Self {
        Self {
            connections: connections.max(1),
            calls,
            ..self
        }
    }
}
