use std::collections::{BTreeMap, BTreeSet};

use jan_domain::Json;
use jan_domain::ports::Credential;
use jan_domain::response::run::UseKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is recorded of a request, so that any process can carry its run: everything but its items,
/// which stand beside it, and what opens doors.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RecordedRequest {
    /// The parameters as the response object repeats them.
    pub shown: Map<String, Value>,
    /// What goes to the provider, in chat's words; only what the caller gave.
    pub parameters: Map<String, Value>,
    /// What the application tells the model first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// Functions and custom tools of the client, in chat's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<Value>,
    /// The functions that were offered in groups, by the names the model knows.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub namespaces: BTreeMap<String, InNamespace>,
    /// The deployment's tools that were asked for by OpenAI's names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub builtins: Vec<UseKind>,
    /// What calls of these may not leave, in the words of the tools behind them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub bounds: BTreeMap<UseKind, Map<String, Value>>,
    /// Whether the model is offered all of the deployment's tools.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub own_tools: bool,
    /// Which tools the model must or may use.
    #[serde(skip_serializing_if = "ToolChoice::is_auto")]
    pub tool_choice: ToolChoice,
    /// Whether old context may be left out when there is too much of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncates: bool,
    /// What the caller wants to see that is left out otherwise.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub include: BTreeSet<String>,
    /// Whether the log-probabilities of words are shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub shows_logprobs: bool,
}

/// A function of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InNamespace {
    /// The group.
    pub namespace: String,
    /// The function's name in it.
    pub name: String,
}

impl RecordedRequest {
    /// Reads a record; one whose content was not kept is empty.
    pub fn read(json: &Json) -> Self {
        json.read().unwrap_or_default()
    }
}

/// Which tools a model must or may use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As it sees fit.
    #[default]
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    One(ChosenTool),
    /// Only these; at least one if `required`.
    Allowed {
        /// Whether it must use one.
        required: bool,
        /// Which.
        tools: Vec<ChosenTool>,
    },
}

impl ToolChoice {
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// A tool as a choice names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChosenTool {
    /// A function of the client.
    Function(String),
    /// A custom tool of the client.
    Custom(String),
    /// A tool of a server, or all of them.
    Server {
        /// The server's label.
        label: String,
        /// Its tool.
        tool: Option<String>,
    },
    /// One of the deployment's tools, by OpenAI's name.
    Builtin(UseKind),
}

/// What opens the doors of a run's tool servers, by label. Never recorded in an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerKeys(pub BTreeMap<String, ServerKey>);

/// What opens the door of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerKey {
    /// Sent as a bearer token.
    pub authorization: Option<Credential>,
    /// Further headers.
    pub headers: Vec<(String, Credential)>,
}

impl ServerKeys {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        let locked = |key: &ServerKey| key.authorization.is_some() || !key.headers.is_empty();
        !self.0.values().any(locked)
    }

    /// As text, to be sealed.
    pub(crate) fn write(&self) -> String {
        let told = |(label, key): (&String, &ServerKey)| {
            let authorization = key.authorization.as_ref().map(Credential::reveal);
            let headers = key.headers.iter();
            let headers: Vec<_> = headers
                .map(|(name, value)| (name, value.reveal()))
                .collect();
            (
                label.clone(),
                serde_json::json!({"authorization": authorization, "headers": headers}),
            )
        };
        let all: Map<String, Value> = self.0.iter().map(told).collect();
        Value::Object(all).to_string()
    }

    /// From the text that was sealed.
    pub(crate) fn read(text: &str) -> Option<Self> {
        #[derive(Deserialize)]
        struct Told {
            authorization: Option<String>,
            headers: Vec<(String, String)>,
        }
        let all: BTreeMap<String, Told> = serde_json::from_str(text).ok()?;
        let key = |(label, told): (String, Told)| {
            let headers = told.headers.into_iter();
            let headers = headers.map(|(name, value)| (name, Credential::new(value)));
            let key = ServerKey {
                authorization: told.authorization.map(Credential::new),
                headers: headers.collect(),
            };
            (label, key)
        };
        Some(Self(all.into_iter().map(key).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_read_back_and_do_not_print() {
        let key = ServerKey {
            authorization: Some(Credential::new("tok-1".to_owned())),
            headers: vec![("x-a".to_owned(), Credential::new("tok-2".to_owned()))],
        };
        let keys = ServerKeys(BTreeMap::from([("docs".to_owned(), key)]));
        assert_eq!(ServerKeys::read(&keys.write()), Some(keys.clone()));
        assert!(!format!("{keys:?}").contains("tok-"));
        assert!(ServerKeys::default().is_empty() && !keys.is_empty());
    }
}
