use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentPart {
    /// What somebody told the model.
    InputText {
        /// The text.
        text: String,
    },
    /// What the model said.
    OutputText {
        /// The text.
        text: String,
        /// Citations; always present on the wire.
        #[serde(default)]
        annotations: Vec<Value>,
        /// Token log-probabilities when they were asked for; absent otherwise, never null.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        logprobs: Option<Value>,
    },
    /// What the model would not say.
    Refusal {
        /// Its words.
        refusal: String,
    },
    /// What the model thought, kept when the caller asked for it.
    ReasoningText {
        /// The text.
        text: String,
    },
    /// A picture shown to the model.
    InputImage {
        /// An `https:` or `data:` URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
        /// A stored file instead of a URL.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file_id: Option<String>,
        /// `auto`, `low` or `high`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// A file, a recording or another known part, kept whole, its `type` included.
    #[serde(untagged)]
    Opaque(Map<String, Value>),
}

impl ContentPart {
    /// A text as somebody told it.
    pub fn input(text: impl Into<String>) -> Self {
        Self::InputText { text: text.into() }
    }

    /// A text as the model said it.
    pub fn output(text: impl Into<String>) -> Self {
        Self::OutputText {
            text: text.into(),
            annotations: Vec::new(),
            logprobs: None,
        }
    }

    /// The words of a part that has any and that other models should see again.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::InputText { text } | Self::OutputText { text, .. } => Some(text),
            Self::Refusal { refusal } => Some(refusal),
            Self::ReasoningText { .. } | Self::InputImage { .. } | Self::Opaque(_) => None,
        }
    }
}
