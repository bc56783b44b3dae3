use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::ItemId;
use crate::response::EffectClass;

/// A call of a server-side tool that the model wants made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolUse {
    /// The item that shows it.
    pub item: ItemId,
    /// The model's own id for the call.
    pub call_id: String,
    /// The function's name as the model knows it.
    pub offered: String,
    /// The server's label.
    pub server: String,
    /// The tool's name at that server.
    pub tool: String,
    /// JSON text, as the model wrote it.
    pub arguments: String,
    /// What may be done when its outcome is not known.
    pub effect: EffectClass,
    /// How it is shown.
    pub kind: UseKind,
    /// The item that asked for the caller's word, once it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<ItemId>,
}

/// How a tool call is shown among the output items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UseKind {
    /// `mcp_call`
    Mcp,
    /// `web_search_call`
    WebSearch,
    /// `file_search_call`
    FileSearch,
    /// `code_interpreter_call`
    CodeInterpreter,
}

impl UseKind {
    /// The item's wire type.
    pub fn item_type(self) -> &'static str {
        match self {
            Self::Mcp => "mcp_call",
            Self::WebSearch => "web_search_call",
            Self::FileSearch => "file_search_call",
            Self::CodeInterpreter => "code_interpreter_call",
        }
    }

    /// The prefix of the item's id.
    pub fn id_prefix(self) -> &'static str {
        match self {
            Self::Mcp => "mcp_",
            Self::WebSearch => "ws_",
            Self::FileSearch => "fs_",
            Self::CodeInterpreter => "ci_",
        }
    }
}

/// Longest function name that model providers take.
const NAME_MAX: usize = 64;

/// The function name under which a model is offered `tool` of the server `label`. Names that no
/// provider would take are spelt otherwise and made unique by a mark of their true form.
pub fn offered_name(label: &str, tool: &str) -> String {
    let plain = format!("{label}__{tool}");
    let taken = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if plain.len() <= NAME_MAX && plain.chars().all(taken) {
        return plain;
    }
    let digest = Sha256::digest(plain.as_bytes());
    let mark = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    let spelt: String = plain
        .chars()
        .map(|c| if taken(c) { c } else { '_' })
        .take(NAME_MAX - 9)
        .collect();
    format!("{spelt}_{mark:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_stay_apart() {
        assert_eq!(offered_name("docs", "search"), "docs__search");
        let long = "t".repeat(80);
        let names = [
            offered_name("docs", "a.b"),
            offered_name("docs", "a/b"),
            offered_name("docs", &long),
            offered_name("docs", &format!("{long}x")),
            offered_name("münchen", "a"),
        ];
        for (at, name) in names.iter().enumerate() {
            assert!(name.len() <= NAME_MAX, "{name}");
            assert!(name.is_ascii(), "{name}");
            assert!(!names[..at].contains(name), "{name}");
        }
    }
}
