//! Putting everything together. With `main.rs` the only place that names `infra`.

mod accounts;
mod admin_token;
mod application;
mod archive;
mod at_database;
mod builtin_tools;
mod diagnosis;
mod documents;
mod erasing;
mod events;
mod fusion;
mod introspection;
mod mcp_door;
mod migration;
mod owner_keys;
mod parts;
mod projections;
mod server;
mod skipping;
mod visit;

pub use admin_token::{admin_token, sign_admin_token};
pub use application::{Application, Blueprint};
pub use at_database::at_database;
pub use builtin_tools::builtin_tools;
use builtin_tools::file_search_tools;
pub use diagnosis::diagnose;
pub use erasing::{retention, retention_terms};
pub use events::check_proof;
pub use introspection::introspection;
pub use jan_infra::config::{SettingLine, Source};
pub use jan_infra::runtime::Detection;
pub use mcp_door::mcp_door;
pub use migration::migrate;
use owner_keys::{owner_keys, reading_keys};
pub use server::{ServeError, Serving, serve_until};
pub use visit::{DatabaseVisit, VisitError};
