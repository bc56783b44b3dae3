//! The proof: one binary with every test that needs more than its own crate.

mod architecture;
mod domain;
mod history;
