//! The event store: appends in one round trip, loads through postgres-es, decides, retries.

mod append;
mod appender;
mod as_of;
mod execute;
mod idempotency;
mod lane;
mod new_event;
mod repository;
mod snapshot;
mod timetable;

pub use append::AppendError;
pub use appender::{Appended, AppenderLimits, EventLog, Ticket};
pub use as_of::{Moment, Past, Record};
pub(crate) use execute::back_off;
pub use execute::{Executed, Loaded, Store};
pub use idempotency::{Claim, IdempotencyKey, IdempotencyKeys, Outcome};
pub use new_event::NewEvent;
pub use repository::EventRepository;
