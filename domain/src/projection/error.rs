use crate::limits::SKIP_REASON_CHARS_MAX;

/// Why a decision about a read model is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectionError {
    /// It says nothing, too much, or what no database keeps.
    #[error("a reason of at most {SKIP_REASON_CHARS_MAX} characters is needed")]
    ReasonUnfit,
}
