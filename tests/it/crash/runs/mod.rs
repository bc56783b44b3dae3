//! The same for responses of several steps: whoever lives carries the runs of the dead to their end,
//! and a tool that must not be called twice is not.

mod leaving;
mod load;
mod outage;
mod points;
mod random;
mod receiver;
mod scene;
pub(super) mod truth;
