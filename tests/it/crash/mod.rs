//! Sudden death of the real program, at every step and at any time: nothing that was acknowledged is
//! lost, nothing is done twice, nothing stays half done.

mod cluster;
mod dice;
mod load;
mod media;
mod outage;
mod points;
mod random;
mod runs;
pub(crate) mod truth;
