//! Keeps calls from being left open: processes show that they live, and the living close what the
//! dead have left.

mod node_lease;
mod recovery;

pub use node_lease::NodeLease;
pub use recovery::{RecoveryError, close_abandoned, keep_closing_abandoned};
