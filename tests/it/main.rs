//! The proof: one binary with every test that needs more than its own crate.

#![expect(clippy::unwrap_used, reason = "a test that panics has failed")]

mod adapters;
mod architecture;
mod audit;
mod cli;
mod crash;
mod documents;
mod domain;
mod edge;
mod erasure;
mod graphql;
mod history;
mod mcp;
mod media;
mod model;
mod nodes;
mod openapi;
mod projections;
mod rest;
mod runtime;
mod store;
mod tools;
