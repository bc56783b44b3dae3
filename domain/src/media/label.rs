use serde::{Deserialize, Serialize};

use super::InvalidLabel;
use crate::limits::MEDIA_FILE_NAME_CHARS_MAX;

/// What is said about media before anybody has looked at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaLabel {
    /// What its owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<FileName>,
    /// What it is for.
    pub purpose: Purpose,
}

impl MediaLabel {
    /// What its owner calls it.
    pub fn name(&self) -> Option<&str> {
        self.file_name.as_ref().map(FileName::as_str)
    }
}

/// A name as its owner wrote it. It is shown, and never where anything lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FileName(String);

impl FileName {
    /// Takes a text of bounded length without control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidLabel> {
        let fits = !text.is_empty()
            && text.chars().count() <= MEDIA_FILE_NAME_CHARS_MAX
            && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
            .ok_or(InvalidLabel::FileName)
    }

    /// As its owner wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What media is for. OpenAI's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Files for assistants.
    Assistants,
    /// What programs have made.
    AssistantsOutput,
    /// Requests to be answered in a batch.
    Batch,
    /// What evaluations are made of.
    Evals,
    /// What models are trained on.
    #[serde(rename = "fine-tune")]
    FineTune,
    /// Anything.
    UserData,
    /// Images for models to look at.
    Vision,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Assistants,
        Self::AssistantsOutput,
        Self::Batch,
        Self::Evals,
        Self::FineTune,
        Self::UserData,
        Self::Vision,
    ];

    /// The one with this name.
    pub fn parse(text: &str) -> Result<Self, InvalidLabel> {
        let mut all = Self::ALL.into_iter();
        all.find(|purpose| purpose.as_str() == text)
            .ok_or(InvalidLabel::Purpose)
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Assistants => "assistants",
            Self::AssistantsOutput => "assistants_output",
            Self::Batch => "batch",
            Self::Evals => "evals",
            Self::FineTune => "fine-tune",
            Self::UserData => "user_data",
            Self::Vision => "vision",
        }
    }
}
