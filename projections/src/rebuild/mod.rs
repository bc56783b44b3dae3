//! Making a read model anew beside the live one: loaded in bulk, brought up to date, proven, and
//! put in its place in one transaction, while reads and writes go on.
//!
//! The tables of what is being built have the live ones' names in a schema of their own, and the
//! connections of a build look there first: so every statement of a read model works on them as it
//! stands. `plan` begins a build, `build` carries it from phase to phase (`load`, `indexes`,
//! `follow`, `prove`, `switch`), `compare` holds one against the live tables instead.

mod build;
mod builder;
mod compare;
mod copy_rows;
mod error;
mod follow;
mod indexes;
mod live;
mod load;
mod pace;
mod plan;
mod progress;
mod prove;
mod site;
mod stream;
mod switch;
mod turn_back;

pub(crate) use build::Built;
pub(crate) use builder::Builder;
pub use compare::{Comparison, RowDifference, TableComparison, TableSum};
pub(crate) use copy_rows::CopyRows;
pub use error::RebuildError;
pub use plan::SHARDS_MAX;
pub(crate) use plan::{Wish, begin};
pub use progress::{Phase, Progress};
pub(crate) use progress::{progress, watch};
pub(crate) use stream::rebuild_stream;
pub(crate) use turn_back::turn_back;
