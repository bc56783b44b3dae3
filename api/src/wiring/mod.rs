//! Putting everything together. With `main.rs` the only place that names `infra`.

mod application;
mod builtin_tools;
mod diagnosis;
mod mcp_door;
mod migration;
mod parts;
mod server;
mod visit;

pub use application::{Application, Blueprint};
pub use builtin_tools::builtin_tools;
pub use diagnosis::diagnose;
pub use jan_infra::config::{SettingLine, Source};
pub use jan_infra::runtime::Detection;
pub use mcp_door::mcp_door;
pub use migration::migrate;
pub use server::{ServeError, Serving, serve_until};
pub use visit::{DatabaseVisit, VisitError};
