//! The event store: appends in one round trip, loads through postgres-es, decides, retries.
//! What is personal is sealed on its way in (`new_event`) and opened on its way out (`opening`).

mod added_servers;
mod append;
mod appender;
mod as_of;
mod code_sessions;
mod erasures;
mod execute;
mod foreign_event;
mod foreign_seal;
mod idempotency;
mod import;
mod lane;
mod new_event;
mod opening;
mod owner_keys;
mod page_cache;
mod repository;
pub(crate) mod retention;
mod rotation;
mod snapshot;
mod timetable;
mod tool_grants;
mod unit;

pub use added_servers::AddedToolServers;
pub use append::AppendError;
pub use appender::EventLog;
pub use as_of::{Moment, Past, Record};
pub use code_sessions::CodeSessions;
pub(crate) use erasures::Erasures;
pub(crate) use execute::back_off;
pub use execute::{Executed, Loaded, Store};
pub use foreign_event::{ForeignEvent, Unacceptable};
pub use idempotency::{Claim, IdempotencyKey, IdempotencyKeys, Outcome};
pub use import::{Import, ImportError, Imported};
pub use new_event::NewEvent;
pub use owner_keys::{OwnerKeys, UnknownMasterKey};
pub use page_cache::PageCache;
pub use repository::EventRepository;
pub use tool_grants::ToolGrants;
pub use unit::{Appended, AppenderLimits, Ticket};
