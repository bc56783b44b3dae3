use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ToolUse;
use crate::id::{ItemId, ResponseId};
use crate::item::Item;

/// What a run was accepted under.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunTerms {
    /// Whether it runs without its client, on any node.
    pub background: bool,
    /// The response whose context it continues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_response: Option<ResponseId>,
    /// The items that the request brought; none when content is not kept.
    pub input: Vec<Item>,
    /// Tool servers that are asked what they offer before the model is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<ServerTerms>,
    /// Calls that an earlier response wanted to make and the caller has approved: made first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved: Vec<ToolUse>,
    /// Whether there is nothing to do but these calls: no list is asked for, and no model.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tools_only: bool,
    /// Rounds of tool calls.
    pub tool_depth_max: u32,
    /// Tool calls in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls_max: Option<u32>,
    /// When the run has taken too long.
    pub deadline: DateTime<Utc>,
}

/// One tool server of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerTerms {
    /// Its label; unique within the run.
    pub label: String,
    /// Where it is.
    pub place: ServerPlace,
    /// The item that shows its list; `None` when the list is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// The tools that may be used; `None` means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<BTreeSet<String>>,
    /// Whether only tools that read may be used.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Which calls need the caller's word.
    pub approval: ApprovalRule,
}

/// Where a tool server is, without what opens its door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerPlace {
    /// The deployment's own tools.
    Own,
    /// An MCP server.
    Remote(String),
}

/// Which calls need the caller's word before they are made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalRule {
    /// All of them.
    Always,
    /// None of them.
    Never,
    /// All but these.
    AlwaysExcept(BTreeSet<String>),
    /// Only these.
    NeverExcept(BTreeSet<String>),
}

impl ApprovalRule {
    /// Whether a call of `tool` must be approved.
    pub fn wants(&self, tool: &str) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::AlwaysExcept(free) => !free.contains(tool),
            Self::NeverExcept(bound) => bound.contains(tool),
        }
    }
}

impl ServerTerms {
    /// Whether the run may use `tool`, which `reads_only` by its server's word.
    pub fn allows(&self, tool: &str, reads_only: bool) -> bool {
        let named = self
            .allowed
            .as_ref()
            .is_none_or(|names| names.contains(tool));
        named && (!self.read_only || reads_only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn approval_is_wanted_by_rule() {
        let pay = BTreeSet::from(["pay".to_owned()]);
        for (rule, pays, reads) in [
            (ApprovalRule::Always, true, true),
            (ApprovalRule::Never, false, false),
            (ApprovalRule::AlwaysExcept(pay.clone()), false, true),
            (ApprovalRule::NeverExcept(pay), true, false),
        ] {
            assert_eq!((rule.wants("pay"), rule.wants("read")), (pays, reads));
        }
    }
}
