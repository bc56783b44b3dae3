use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{ResponseId, StepId};

/// A side effect that is about to happen, recorded before it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Derived from the response, the step's place and its input: planning again gives the same.
    pub id: StepId,
    /// The provider that will be asked.
    pub provider: String,
    /// The model's name at that provider.
    pub model: String,
}

impl PlannedStep {
    /// Plans the inference at place `index` of `response`.
    pub fn inference(
        response: &ResponseId,
        index: u32,
        provider: &str,
        model: &str,
        input: &[u8],
    ) -> Self {
        let place = index.to_be_bytes();
        let parts = [response.as_str().as_bytes(), &place, b"inference", input];
        Self {
            id: step_id(&parts),
            provider: provider.to_owned(),
            model: model.to_owned(),
        }
    }
}

/// The id that follows from these parts.
pub(super) fn step_id(parts: &[&[u8]]) -> StepId {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut text = String::with_capacity(37);
    text.push_str("step_");
    for byte in &hash.finalize()[..16] {
        text.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
        text.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
    }
    StepId::parse(&text).expect("a prefix and hex digits are an id")
}
