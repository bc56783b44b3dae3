//! The messages of a request, seen the way the script needs them.

use serde_json::Value;

use super::script::after_word;

/// The conversation as it reached the model.
#[derive(Debug, Clone, Copy)]
pub(super) struct History<'a> {
    messages: &'a [Value],
}

impl<'a> History<'a> {
    pub(super) fn new(messages: &'a [Value]) -> Self {
        Self { messages }
    }

    pub(super) fn len(self) -> usize {
        self.messages.len()
    }

    /// Compact JSON with sorted keys.
    pub(super) fn json(self) -> String {
        Value::from(self.messages.to_vec()).to_string()
    }

    /// The text of the last user message; empty if there is none.
    pub(super) fn last_user_text(self) -> String {
        self.last_user()
            .map(|at| text_of(&self.messages[at]))
            .unwrap_or_default()
    }

    /// Turns of the model since the last user message that ended in tool calls.
    pub(super) fn turn(self) -> usize {
        let since = self.last_user().unwrap_or(0);
        let called = |message: &&Value| {
            message["tool_calls"]
                .as_array()
                .is_some_and(|c| !c.is_empty())
        };
        self.messages[since..].iter().filter(called).count()
    }

    /// The texts of the tool messages at the very end, one per line; `None` if there are none.
    pub(super) fn last_tool_results(self) -> Option<String> {
        let is_tool = |message: &&Value| matches!(role_of(message), "tool" | "function");
        let mut results: Vec<_> = self
            .messages
            .iter()
            .rev()
            .take_while(is_tool)
            .map(text_of)
            .collect();
        results.reverse();
        (!results.is_empty()).then(|| results.join("\n"))
    }

    /// What a user asked to `remember that KEY is …`; the latest word counts.
    pub(super) fn fact(self, key: &str) -> Option<String> {
        let users = self
            .messages
            .iter()
            .rev()
            .filter(|message| role_of(message) == "user");
        users
            .map(text_of)
            .find_map(|text| text.lines().rev().find_map(|line| fact_in(line, key)))
    }

    /// Whitespace-separated words of all texts, the model's idea of tokens.
    pub(super) fn words(self) -> usize {
        self.messages
            .iter()
            .map(|message| text_of(message).split_whitespace().count())
            .sum()
    }

    fn last_user(self) -> Option<usize> {
        self.messages
            .iter()
            .rposition(|message| role_of(message) == "user")
    }
}

fn role_of(message: &Value) -> &str {
    message["role"].as_str().unwrap_or_default()
}

/// A string content, or the text parts one per line.
fn text_of(message: &Value) -> String {
    match &message["content"] {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            let texts: Vec<_> = parts
                .iter()
                .filter_map(|part| part["text"].as_str())
                .collect();
            texts.join("\n")
        }
        _ => String::new(),
    }
}

fn fact_in(line: &str, key: &str) -> Option<String> {
    let start = line.to_ascii_lowercase().find("remember that ")?;
    let fact = after_word(&line[start..], "remember that")?;
    let middle = fact.to_ascii_lowercase().find(" is ")?;
    let (known, value) = (&fact[..middle], &fact[middle + " is ".len()..]);
    let value = value.trim().trim_end_matches('.');
    known
        .trim()
        .eq_ignore_ascii_case(key)
        .then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::History;

    #[test]
    fn the_latest_fact_of_a_user_counts() {
        let messages = [
            json!({"role": "user", "content": "Please remember that My Name is Ada."}),
            json!({"role": "assistant", "content": "remember that my name is Eve"}),
            json!({"role": "user", "content": [{"type": "text", "text": "remember that x is is"}]}),
        ];
        let history = History::new(&messages);
        assert_eq!(history.fact("my name").as_deref(), Some("Ada"));
        assert_eq!(history.fact("x").as_deref(), Some("is"));
        assert_eq!(history.fact("y"), None);
    }

    #[test]
    fn parallel_tool_results_are_read_together() {
        let messages = [
            json!({"role": "user", "content": "go"}),
            json!({"role": "assistant", "content": null, "tool_calls": [{}, {}]}),
            json!({"role": "tool", "tool_call_id": "a", "content": "one"}),
            json!({"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "two"}]}),
        ];
        let history = History::new(&messages);
        assert_eq!(history.last_tool_results().as_deref(), Some("one\ntwo"));
        assert_eq!((history.turn(), history.words()), (1, 3));
        assert_eq!(History::new(&messages[..2]).last_tool_results(), None);
    }
}
