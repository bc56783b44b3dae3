use futures::future::BoxFuture;

use super::added_servers::{AddedServer, AdditionRefused, ServerAuth, ServerChange};
use super::tool_host::ToolFailure;

/// The deployment's own tool servers, for whoever operates them.
pub trait ToolServers: Send + Sync {
    /// All of them, as they were last seen; those that were not seen yet are asked.
    fn report(&self) -> BoxFuture<'static, Vec<ToolServerReport>>;

    /// One of them, asked now. There is nothing for a server that is not configured.
    fn refresh(&self, name: String) -> BoxFuture<'static, Option<ToolServerReport>>;

    /// Adds one, on all nodes within seconds, and asks it.
    fn add(
        &self,
        server: AddedServer,
    ) -> BoxFuture<'static, Result<ToolServerReport, AdditionRefused>>;

    /// Changes one that was added, likewise.
    fn change(
        &self,
        label: String,
        change: ServerChange,
    ) -> BoxFuture<'static, Result<ToolServerReport, AdditionRefused>>;

    /// Removes one that was added.
    fn remove(&self, label: String) -> BoxFuture<'static, Result<(), AdditionRefused>>;
}

/// What is known of a tool server.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolServerReport {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Whose word opens it.
    pub auth: ServerAuth,
    /// Whether an administrator has added it; else it is in the operator's file.
    pub added: bool,
    /// The version of the protocol that was agreed on, while there is a session.
    pub version: Option<String>,
    /// How its list stands to what was approved.
    pub approval: Approval,
    /// The pin of the list as it is now, for whoever approves it.
    pub pin: Option<String>,
    /// Its tools, in its order.
    pub tools: Vec<ToolReport>,
    /// Why there is no list.
    pub failure: Option<ToolFailure>,
}

/// How a list of tools stands to what the operator approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// Nobody approved one, or nobody wants to know.
    Unpinned,
    /// It is the one that was approved.
    Pinned,
    /// It is another one than was approved, or than was there first.
    Changed,
}

impl Approval {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unpinned => "unpinned",
            Self::Pinned => "pinned",
            Self::Changed => "changed",
        }
    }
}

/// One tool of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolReport {
    /// Its name.
    pub name: String,
    /// The pin of this tool alone.
    pub pin: String,
    /// What differs from what was approved: `new`, or its parts; empty if nothing does, `unknown` if
    /// that cannot be told any more.
    pub changes: Vec<&'static str>,
    /// Whether it is offered and can be called.
    pub offered: bool,
}
