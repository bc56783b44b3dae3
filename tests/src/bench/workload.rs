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

/// A way to ask for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A chat completion, in one piece.
    Chat,
    /// A chat completion in frames.
    ChatStream,
    /// A response, in one piece.
    Response,
    /// A response in events.
    ResponseStream,
}

impl Kind {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Chat | Self::ChatStream => "/v1/chat/completions",
            Self::Response | Self::ResponseStream => "/v1/responses",
        }
    }

    pub(super) fn is_stream(self) -> bool {
        matches!(self, Self::ChatStream | Self::ResponseStream)
    }

    /// The JSON that asks for the answer to `prompt`.
    pub(super) fn body(self, prompt: &str) -> String {
        let padding: String = "You are a helpful assistant. "
            .chars()
            .cycle()
            .take(PROMPT_BYTES)
            .collect();
        let stream = self.is_stream();
        let body = match self {
            Self::Chat | Self::ChatStream => json!({
                "model": "scripted-1",
                "messages": [
                    {"role": "system", "content": padding},
                    {"role": "user", "content": prompt},
                ],
                "stream": stream,
            }),
            Self::Response | Self::ResponseStream => json!({
                "model": "scripted-1",
                "instructions": padding,
                "input": prompt,
                "stream": stream,
            }),
        };
        body.to_string()
    }
}

/// Calls of one kind, put to every variant in the same way.
pub(super) struct Workload {
    pub(super) name: String,
    /// The JSON that is posted.
    pub(super) body: String,
    /// What it is posted to, and what a right answer looks like.
    pub(super) kind: Kind,
    /// Frames of the answer, if it is streamed.
    pub(super) frames: usize,
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
            all.push(Self::new(name, "bench", Kind::Chat).load(connections, settings.calls));
        }
        let streams = "streams of 65 frames, unpaced, 8 connections".to_owned();
        all.push(Self::new(streams, "bench", Kind::ChatStream).load(8, settings.streams));
        for connections in settings.paced.iter().copied() {
            let name = format!("streams of 65 frames every 10 ms, {connections} at once");
            let paced = Self::new(
                name,
                "bench [first_token_ms=20] [frame_ms=10]",
                Kind::ChatStream,
            );
            all.push(paced.load(connections, 2 * connections));
        }
        for (prompt, wait) in [
            ("bench", "an instant model"),
            ("bench [first_token_ms=20]", "a model that takes 20 ms"),
        ] {
            let name = format!("first frame of {wait}, one stream at a time");
            all.push(Self::new(name, prompt, Kind::ChatStream).load(1, settings.singles));
        }
        all.retain(|workload| workload.calls > 0);
        for workload in &mut all {
            workload.patience = settings.patience;
        }
        all
    }

    /// Fills caches and opens connections before anything is measured.
    pub(super) fn warm_up() -> Self {
        Self::new("warm-up".to_owned(), "bench", Kind::Chat).load(8, WARM_UP_CALLS)
    }

    pub(super) fn new(name: String, prompt: &str, kind: Kind) -> Self {
        Self {
            name,
            body: kind.body(prompt),
            kind,
            frames: FRAMES,
            connections: 1,
            calls: 0,
            patience: Duration::from_secs(30),
        }
    }

    pub(super) fn load(self, connections: usize, calls: usize) -> Self {
        Self {
            connections: connections.max(1),
            calls,
            ..self
        }
    }
}
