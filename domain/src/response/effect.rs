use serde::{Deserialize, Serialize};

/// What may be done with an effect whose outcome is not known, because its process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    /// It changes nothing: do it again.
    Pure,
    /// It changes things once per key: do it again under the same key.
    Idempotent,
    /// Doing it again might do it twice: stop, and say so.
    Unsafe,
}

impl EffectClass {
    /// The class's stored name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pure => "pure",
            Self::Idempotent => "idempotent",
            Self::Unsafe => "unsafe",
        }
    }
}
