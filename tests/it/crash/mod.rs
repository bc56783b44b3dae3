//! Sudden death of the real program, at every step and at any time: nothing that was acknowledged is
//! lost, nothing is done twice, nothing stays half done.

mod dice;
mod load;
mod points;
mod random;
pub(crate) mod truth;
