/// What can be asked of an upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Chat { stream: bool },
    Embeddings,
    Models,
}

impl Question {
    /// The media type that its answer has.
    pub(super) fn accepted(self) -> &'static str {
        match self {
            Self::Chat { stream: true } => "text/event-stream",
            _ => "application/json",
        }
    }
}
