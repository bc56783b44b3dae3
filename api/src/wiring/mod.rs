//! Putting everything together. With `main.rs` the only place that names `infra`.

mod application;
mod parts;
mod server;

pub use application::{Application, Blueprint};
pub use server::{ServeError, Serving, serve_until};
