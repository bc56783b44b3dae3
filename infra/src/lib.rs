//! The outside world: everything that touches a socket, a file, a child process, the clock or the
//! environment on behalf of the other rooms.
//!
//! A port of `jan-domain` is a capability; here live its adapters, each in a module named after
//! what it reaches: [`model_provider`] for models, [`tools`] for tool servers, [`identity`] for our
//! own tokens, [`clock`] and [`id_generator`] for time and ids, [`media`] for bytes, [`search`] and
//! [`scrape`] for the web, and [`builtin`] for the tools that are made of them. Addresses that callers name are
//! reached through [`safe_http`]. [`config`] is the only reader of the environment and
//! [`telemetry`] the only one who decides where logs, traces and metrics go. [`runtime`] is the
//! embedded default, a real Postgres and a real model as supervised children.
//!
//! Nothing here decides anything about conversations, responses or accounts, and nothing here
//! knows `commands`, `projections` or `api`. The event log is not the outside world either: its
//! SQL lives with its writer and its readers, and [`database`] only opens the door to it.
//!
//! Start reading at [`config`], which lists everything that can be set. Only `api`'s `main.rs` and
//! `wiring.rs` name this crate.

pub mod builtin;
/// The operating system's clock.
pub mod clock;
pub mod code;
pub mod config;
pub mod database;
pub mod embedder;
/// Ids that sort by time.
pub mod id_generator;
pub mod identity;
pub mod media;
pub mod model_provider;
pub mod running_server;
pub mod runtime;
pub mod safe_http;
pub mod scrape;
pub mod search;
/// Keys and passwords that do not print.
pub mod secret;
pub mod telemetry;
pub mod tools;
