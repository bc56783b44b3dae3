//! What a scripted model serves and how fast it answers when the prompt does not say.

use clap::Args;

/// Settings of one scripted model; the same struct is its command line and its in-process setup.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Chat model to serve; repeat for several
    #[arg(long = "model", value_name = "NAME", default_values = ["scripted-1", "scripted-mini"])]
    pub models: Vec<String>,

    /// Embeddings model to serve
    #[arg(long, value_name = "NAME", default_value = "scripted-embed")]
    pub embedding_model: String,

    /// Refuse every call without this bearer key
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<String>,

    /// Wait before the first frame of an answer, unless the prompt says `[first_token_ms=N]`
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub first_token_ms: u64,

    /// Wait between the frames of an answer, unless the prompt says `[frame_ms=N]`
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub frame_ms: u64,

    /// Size of the text that answers a `bench` prompt
    #[arg(long, value_name = "BYTES", default_value_t = 600)]
    pub reply_bytes: usize,

    /// Content frames of a streamed answer to a `bench` prompt
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    pub reply_frames: usize,

    /// Requests kept for later inspection, oldest dropped first; 0 keeps none
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub requests_kept_max: usize,
}

impl Default for Options {
    /// The command line's defaults, except that tests want to look at what was asked.
    fn default() -> Self {
        Self {
            models: vec!["scripted-1".to_owned(), "scripted-mini".to_owned()],
            embedding_model: "scripted-embed".to_owned(),
            api_key: None,
            first_token_ms: 0,
            frame_ms: 0,
            reply_bytes: 600,
            reply_frames: 64,
            requests_kept_max: 1_000,
        }
    }
}

impl Options {
    /// Every model name in the order of the model list.
    pub(super) fn served(&self) -> impl Iterator<Item = &str> {
        self.models
            .iter()
            .map(String::as_str)
            .chain([self.embedding_model.as_str()])
    }
}
