//! The event store: appends in one round trip, loads through postgres-es, decides, retries.

mod append;
mod appender;
mod execute;
mod idempotency;
mod lane;
mod new_event;
mod page_cache;
mod repository;
mod timetable;

pub use append::AppendError;
pub use appender::{Appended, AppenderLimits, EventLog, Ticket};
pub(crate) use execute::back_off;
pub use execute::{Executed, Loaded, Store};
pub use idempotency::{Claim, IdempotencyKey, IdempotencyKeys, Outcome};
pub use new_event::NewEvent;
pub use page_cache::PageCache;
pub use repository::EventRepository;
