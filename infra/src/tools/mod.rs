//! Tools behind MCP: [`McpToolHost`] is the client side of the deployment's own tool servers, which
//! the operator names, and of servers that a request names, which are reached through
//! [`crate::safe_http`] only.
//!
//! rmcp speaks the protocol, in both of its eras. What is done here is what it leaves open: which
//! credentials and headers go where (`endpoint`), how long a session is kept (`sessions`), what
//! of a list is believed (`offers`) and approved (`approval`), how large a result may be (`results`), and above all what a
//! failure means (`failure`): whether a call that got no answer may have happened. How single callers
//! are let in is in `oauth`.
//!
//! Start reading at `host`.

mod added;
mod administering;
mod approval;
mod asking;
mod authorizing;
mod calling;
mod challenge;
mod dial;
mod endpoint;
mod failure;
mod headers;
mod host;
mod listing;
mod oauth;
mod offers;
mod own;
mod own_server;
mod pins;
mod results;
mod schema_check;
mod session;
mod sessions;
mod settings;
#[cfg(test)]
mod tests;
mod wire;

pub use host::{McpToolHost, ToolStores};
pub use pins::Pins;
pub use settings::{OauthSettings, ToolLimits, ToolServerSettings, ToolSettings, ToolSetupError};
