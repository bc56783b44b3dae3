//! Named points at which a test can make the process die, as if by `kill -9`, to prove that nothing
//! acknowledged is lost there. Without such a wish a point costs one comparison.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// The points of a chat call, in the order they are passed.
pub const CHAT_POINTS: &[&str] = &[
    "chat.before_intent",
    "chat.after_intent",
    "chat.during_effect",
    "chat.after_effect",
    "chat.after_outcome",
];

/// The points of a run, in the order they are passed.
pub const RUN_POINTS: &[&str] = &[
    "run.before_intent",
    "run.after_intent",
    "run.after_claim",
    "run.during_effect",
    "run.before_effect",
    "run.after_effect",
    "run.after_journal",
    "run.before_outcome",
    "run.after_event",
];

/// The points of an erasure, in the order they are passed.
pub const ERASE_POINTS: &[&str] = &[
    "erase.after_plan",
    "erase.after_runs",
    "erase.after_event",
    "erase.after_key",
    "erase.after_objects",
    "erase.after_purge",
];

/// The points of keeping media, in the order they are passed.
pub const KEEP_POINTS: &[&str] = &["media.after_prepare", "media.after_put", "media.after_keep"];

/// The points of deleting media, in the order they are passed.
pub const DELETE_POINTS: &[&str] = &[
    "media.after_delete",
    "media.after_bytes",
    "media.after_purge",
];

/// The one point at which to die, if any.
#[derive(Debug, Clone, Default)]
pub struct CrashPoints(Option<Arc<Wish>>);

#[derive(Debug)]
struct Wish {
    point: String,
    passes_left: AtomicU32,
}

impl CrashPoints {
    /// Dies at the `nth` pass (from 1) of the point named so.
    pub fn die_at(point: &str, nth: u32) -> Self {
        Self(Some(Arc::new(Wish {
            point: point.to_owned(),
            passes_left: AtomicU32::new(nth),
        })))
    }

    /// Passes a point, or dies there.
    pub fn pass(&self, point: &str) {
        let Some(wish) = &self.0 else { return };
        if wish.point == point && wish.passes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }
}
