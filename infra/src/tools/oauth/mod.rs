//! How single callers are let in at tool servers: by a token of their own, or by OAuth 2.1 as MCP has
//! it, spoken by rmcp.
//!
//! What rmcp leaves open is here: every address that a server names is vetted like a caller's
//! (`http`); what is granted outlives the process and is the caller's alone (`grant`, `grants`);
//! a person comes back to any node (`authorizations`).

mod authorizations;
mod client;
mod flow;
mod grant;
mod grants;
mod http;
mod memory;
mod services;

pub(super) use self::authorizations::{Door, Wish};
pub(super) use self::grants::{Grants, Held};
pub(super) use self::http::GuardedHttp;
pub(super) use self::services::ServiceToken;
