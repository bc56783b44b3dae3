use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::question::{Hit, Question};
use super::settings::EngineName;

/// Somebody who searches the web.
pub(super) trait Engine: Send + Sync {
    /// Who.
    fn name(&self) -> EngineName;

    /// How it is asked.
    fn request(
        &self,
        client: &reqwest::Client,
        question: &Question,
        now: DateTime<Utc>,
    ) -> reqwest::RequestBuilder;

    /// What it says; nothing if that is no answer of this engine.
    fn read(&self, answer: &Map<String, Value>, question: &Question) -> Option<Answer>;
}

/// What an engine says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Answer {
    pub(super) hits: Vec<Hit>,
    /// What it says beside its results: an answer in words, related searches.
    pub(super) beside: Map<String, Value>,
}

/// Why an engine gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum EngineFailure {
    #[error("it refuses our key")]
    Unauthorized,
    #[error("what was paid for is used up")]
    UsedUp,
    #[error("it wants to be asked less often")]
    TooOften,
    #[error("it is out of order (status {0})")]
    OutOfOrder(u16),
    #[error("it refuses the question (status {0})")]
    Refused(u16),
    #[error("it took too long")]
    TimedOut,
    #[error("it cannot be reached")]
    Unreachable,
    #[error("its answer could not be understood")]
    Garbled,
}

impl EngineFailure {
    /// Its name in answers.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::UsedUp => "used_up",
            Self::TooOften => "rate_limited",
            Self::OutOfOrder(_) => "out_of_order",
            Self::Refused(_) => "refused",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
            Self::Garbled => "garbled",
        }
    }

    /// Whether it may answer if it is asked again.
    pub(super) fn may_pass(self) -> bool {
        matches!(
            self,
            Self::TooOften | Self::OutOfOrder(_) | Self::Unreachable
        )
    }

    /// What a status that is no success means.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Unauthorized,
            // Tavily says 432 and 433 when a plan is used up.
            402 | 432 | 433 => Self::UsedUp,
            429 => Self::TooOften,
            408 => Self::TimedOut,
            500.. => Self::OutOfOrder(status),
            _ => Self::Refused(status),
        }
    }
}

/// An address with a query.
pub(super) fn address(endpoint: &str, query: &[(&str, String)]) -> String {
    let target = format!("{endpoint}?");
    let start = target.len();
    let mut written = url::form_urlencoded::Serializer::for_suffix(target, start);
    written.extend_pairs(query);
    written.finish()
}

/// Reads a list of results by the names that an engine gives their parts.
pub(super) fn hits(
    results: &[Value],
    (title, url, snippets, published): (&str, &str, &[&str], &str),
) -> Vec<Hit> {
    let hit = |result: &Value| {
        let text = |name: &str| match &result[name] {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Array(parts) => {
                let parts: Vec<_> = parts.iter().filter_map(Value::as_str).collect();
                Some(parts.join(" … "))
            }
            _ => None,
        };
        let said = |text: &String| !text.is_empty();
        Some(Hit {
            title: text(title).unwrap_or_default(),
            url: text(url).filter(said)?,
            snippet: snippets
                .iter()
                .find_map(|name| text(name).filter(said))
                .unwrap_or_default(),
            published: text(published).filter(said),
            fetched_at: None,
        })
    };
    results.iter().filter_map(hit).collect()
}

/// The parts of an answer that say something.
pub(super) fn beside(answer: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let says = |value: &Value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    };
    let parts = names.iter().filter_map(|name| answer.get_key_value(*name));
    let parts = parts.filter(|(_, value)| says(value));
    parts
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
