use chrono::{DateTime, Utc};

/// What may be decided about a read model.
#[derive(Debug, Clone)]
pub enum ProjectionCommand {
    /// Leave an event out, now and in every later build.
    SkipEvent {
        /// The event's place in the log.
        position: i64,
        /// The stream it belongs to.
        stream: String,
        /// Why, for whoever reads it later.
        reason: String,
        /// Now.
        at: DateTime<Utc>,
    },
}
