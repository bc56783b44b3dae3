//! Responses of several steps. A run is accepted, carried to its end by whichever process lives, and
//! told as a stream on the way.
//!
//! Start reading at [`create_run`], then `drive.rs`: plan, perform, record, until nothing follows.
//! What follows is the domain's to say (`jan_domain::response::run`). `take_up.rs` lets the living
//! carry what the dead have left.

mod again;
mod attendance;
mod begin;
mod bounds;
mod call_directly;
mod cancel;
mod carried;
mod carry;
mod catalogue;
mod channel;
mod close;
mod compact;
mod context;
mod create;
mod drive;
mod error;
mod follow;
mod heard_call;
mod heard_message;
mod heard_thought;
mod hearing;
mod infer;
mod intent;
mod item_ids;
mod on_record;
mod outcome;
mod own_tools;
mod past;
mod plan;
mod prompt;
mod record;
mod recorded;
mod retelling;
mod retold;
mod said_item;
mod stream_event;
mod take_up;
mod teller;
mod tool_events;
mod tool_step;
mod warm_up;
mod wish;

pub use again::wish_again;
pub use attendance::Attendance;
pub use call_directly::{DirectCall, DirectCallError, call_tool_directly};
pub use cancel::{cancel_run, delete_run};
pub use catalogue::OWN_LABEL;
pub use channel::{Numbered, RunChannel};
pub use compact::{compact, count_input};
pub use create::{Accepted, create_run};
pub(crate) use drive::Signals;
pub use error::RunError;
pub use follow::follow;
pub use item_ids::response_of;
pub use own_tools::{list_own_tools, may_use_own_tool};
pub use past::{requested_in, response_as_of};
pub use recorded::{ChosenTool, InNamespace, RecordedRequest, ServerKey, ServerKeys, ToolChoice};
pub use stream_event::{ItemPlace, Outcome, Part, PartPlace, RunEnding, StreamEvent};
pub use take_up::keep_taking_up;
pub use warm_up::{WarmUp, warm_up};
pub use wish::{InputItem, RunWish, ServerWish};
