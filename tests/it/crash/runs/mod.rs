//! The same for responses of several steps: whoever lives carries the runs of the dead to their end,
//! and a tool that must not be called twice is not.

mod scene;

mod points;
pub(super) mod truth;
