use chrono::{DateTime, Utc};

/// The time of day. Commands carry it; nothing else asks.
pub trait Clock: Send + Sync {
    /// Now, in UTC.
    fn now(&self) -> DateTime<Utc>;
}
