//! Putting everything together. With `main.rs` the only place that names `infra`.

mod admin_token;
mod application;
mod diagnosis;
mod erasing;
mod mcp_door;
mod migration;
mod owner_keys;
mod parts;
mod server;
mod visit;

pub use admin_token::{admin_token, sign_admin_token};
pub use application::{Application, Blueprint};
pub use diagnosis::diagnose;
pub use erasing::{erase, eraser, retention, retention_terms};
pub use jan_infra::config::{SettingLine, Source};
pub use jan_infra::runtime::Detection;
pub use mcp_door::mcp_door;
pub use migration::migrate;
pub use owner_keys::{owner_keys, reading_keys};
pub use server::{ServeError, Serving, serve_until};
pub use visit::{DatabaseVisit, VisitError};
