use chrono::{DateTime, Utc};
use jan_domain::ports::Clock;

/// The operating system's clock: the only place that reads the time of day for a command.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the Clock port's adapter"
    )]
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
