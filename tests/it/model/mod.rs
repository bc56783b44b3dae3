//! Every order in which things can happen, on models small enough to try them all.

mod runs;
