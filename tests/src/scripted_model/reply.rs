//! What the model says, before it is written down in anybody's wire format.

use super::history::History;
use super::request::ChatRequest;
use super::schema::minimal;
use super::script::{Call, Round, Script, after_word};

/// `count to N` goes no further.
const COUNT_MAX: u32 = 100_000;

/// One answer, in the words (frames) it is streamed in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) reasoning: Vec<String>,
    /// Absent when the model only calls tools; empty when it has nothing to say.
    pub(super) content: Option<Vec<String>>,
    pub(super) calls: Vec<Call>,
    pub(super) finish: Finish,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Finish {
    #[default]
    Stop,
    Length,
    ToolCalls,
}

impl Reply {
    /// Obeys the prompt. The orders of the script come first, then what the request demands, then
    /// the plain answers.
    pub(super) fn compose(request: &ChatRequest, text: &str) -> Self {
        let history = History::new(&request.messages);
        let turn = history.turn();
        if let Some(round) = Script::parse(text).round(turn) {
            return Self::obey(round, request);
        }
        if let Some(function) = request.demanded_function().filter(|_| turn == 0) {
            let name = function["name"].as_str().unwrap_or_default().to_owned();
            let arguments = minimal(&function["parameters"]);
            let arguments = if arguments.is_object() {
                arguments.to_string()
            } else {
                "{}".to_owned()
            };
            return Self::calling(vec![Call { name, arguments }]);
        }
        if let Some(json) = formatted(request) {
            return Self::saying(&json);
        }
        if let Some(results) = history.last_tool_results() {
            return Self::saying(&format!("tool said: {results}"));
        }
        let known = text.lines().find_map(|line| answer(line.trim(), history));
        Self::saying(&known.unwrap_or_else(|| format!("You said: {text}")))
    }

    pub(super) fn saying(text: &str) -> Self {
        Self {
            content: Some(words(text)),
            ..Self::default()
        }
    }

    fn calling(calls: Vec<Call>) -> Self {
        Self {
            calls,
            finish: Finish::ToolCalls,
            ..Self::default()
        }
    }

    fn obey(round: &Round, request: &ChatRequest) -> Self {
        let (offered, missing): (Vec<_>, Vec<_>) = round
            .calls
            .iter()
            .cloned()
            .partition(|call| request.offers(&call.name));
        let allowed = if request.allows_parallel_calls() {
            offered.len()
        } else {
            1
        };
        let mut text = round.content.clone().unwrap_or_default();
        for call in &missing {
            text = format!("{text}I was not offered the tool `{}`.", call.name);
        }
        let silent = round.content.is_none() && missing.is_empty();
        Self {
            reasoning: round.reasoning.as_deref().map(words).unwrap_or_default(),
            content: (!silent).then(|| words(&text)),
            finish: if offered.is_empty() {
                Finish::Stop
            } else {
                Finish::ToolCalls
            },
            calls: offered.into_iter().take(allowed).collect(),
        }
    }

    /// Ends the content at the first stop text, then after `words_max` words, reasoning included.
    pub(super) fn limited(mut self, stops: &[String], words_max: Option<usize>) -> Self {
        if let Some(content) = &mut self.content {
            let text = content.concat();
            let stops = stops.iter().filter(|stop| !stop.is_empty());
            if let Some(end) = stops.filter_map(|stop| text.find(stop)).min() {
                *content = words(&text[..end]);
            }
        }
        let Some(max) = words_max else { return self };
        if self.reasoning.len() + self.content.as_ref().map_or(0, Vec::len) > max {
            self.reasoning.truncate(max);
            let left = max - self.reasoning.len();
            self.content = self
                .content
                .map(|content| content.into_iter().take(left).collect());
            self.finish = Finish::Length;
            self.calls.clear();
        }
        self
    }

    /// Frames of a stream that carry this reply, calls counted as one each.
    pub(super) fn frame_count(&self) -> usize {
        self.reasoning.len() + self.content.as_ref().map_or(0, Vec::len) + self.calls.len()
    }

    /// Words out: reasoning, content, and for every call its name and the words of its arguments.
    pub(super) fn word_count(&self) -> usize {
        let calls = self
            .calls
            .iter()
            .map(|call| 1 + call.arguments.split_whitespace().count());
        self.reasoning.len() + self.content.as_ref().map_or(0, Vec::len) + calls.sum::<usize>()
    }
}

fn answer(line: &str, history: History<'_>) -> Option<String> {
    if line.eq_ignore_ascii_case("count messages") {
        return Some(history.len().to_string());
    }
    if line.eq_ignore_ascii_case("echo prompt") {
        return Some(history.json());
    }
    if let Some(end) = after_word(line, "count to").and_then(|end| end.parse::<u32>().ok()) {
        let numbers: Vec<_> = (1..=end.min(COUNT_MAX))
            .map(|number| number.to_string())
            .collect();
        return Some(numbers.join(" "));
    }
    let key = after_word(line, "what is")?.strip_suffix('?')?;
    Some(
        history
            .fact(key.trim())
            .unwrap_or_else(|| "I do not know.".to_owned()),
    )
}

/// The JSON that `response_format` demands; `None` for plain text.
fn formatted(request: &ChatRequest) -> Option<String> {
    let format = request.response_format.as_ref()?;
    match format["type"].as_str()? {
        "json_schema" => Some(minimal(&format["json_schema"]["schema"]).to_string()),
        "json_object" => Some("{}".to_owned()),
        _ => None,
    }
}

/// Cuts a text before every run of white space; joined again the pieces are the text.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut start, mut in_word) = (0, false);
    for (at, char) in text.char_indices() {
        if char.is_whitespace() && in_word {
            words.push(text[start..at].to_owned());
            start = at;
        }
        in_word = !char.is_whitespace();
    }
    if start < text.len() {
        words.push(text[start..].to_owned());
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ChatRequest, Finish, History, Reply, words};

    fn reply(body: &Value) -> Reply {
        let request = ChatRequest::parse(body.to_string().as_bytes()).unwrap();
        let text = History::new(&request.messages).last_user_text();
        let reply = Reply::compose(&request, &text);
        reply.limited(request.stops(), request.words_max())
    }

    fn said(text: &str, more: &Value) -> String {
        let mut body = json!({"model": "m", "messages": [{"role": "user", "content": text}]});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        reply(&body).content.unwrap_or_default().concat()
    }

    #[test]
    fn words_join_to_the_same_text() {
        for text in ["", " ", "a", " a  b\n\nc ", "héllo wörld\u{2003}日本 語"] {
            assert_eq!(words(text).concat(), text);
        }
        assert_eq!(words("1 2 3"), ["1", " 2", " 3"]);
    }

    #[test]
    fn plain_questions_have_plain_answers() {
        assert_eq!(said("hello there", &json!({})), "You said: hello there");
        assert_eq!(said("Count to 4", &json!({})), "1 2 3 4");
        assert_eq!(said("count messages", &json!({})), "1");
        assert_eq!(said("what is my name?", &json!({})), "I do not know.");
        assert_eq!(
            said("echo prompt", &json!({})),
            r#"[{"content":"echo prompt","role":"user"}]"#
        );
    }

    #[test]
    fn limits_cut_the_reply() {
        assert_eq!(said("count to 9", &json!({"max_tokens": 3})), "1 2 3");
        assert_eq!(
            said("count to 9", &json!({"stop": [" 7", " 5"]})),
            "1 2 3 4"
        );
        let body = json!({"model": "m", "max_completion_tokens": 3,
            "messages": [{"role": "user", "content": "think a b then reply c d"}]});
        let short = reply(&body);
        assert_eq!(
            (short.reasoning.concat().as_str(), short.finish),
            ("a b", Finish::Length)
        );
        assert_eq!(short.content.unwrap(), ["c"]);
    }

    #[test]
    fn a_schema_is_answered_with_json_unless_an_order_is_given() {
        let format = json!({"response_format": {"type": "json_schema", "json_schema": {"schema":
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}}});
        assert_eq!(said("anything", &format), r#"{"a":0}"#);
        assert_eq!(said("reply exactly no json", &format), "no json");
        assert_eq!(
            said("x", &json!({"response_format": {"type": "json_object"}})),
            "{}"
        );
    }

    #[test]
    fn tools_are_called_when_offered_and_their_results_repeated() {
        let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {}}}]);
        let order = json!({"role": "user", "content": "call tool f with {\"x\":1}"});
        let first = reply(&json!({"model": "m", "messages": [order], "tools": tools}));
        assert_eq!((first.calls.len(), first.finish), (1, Finish::ToolCalls));
        assert_eq!(first.content, None);
        let after = reply(&json!({"model": "m", "tools": tools, "messages": [order,
            {"role": "assistant", "tool_calls": [{"id": "c"}]},
            {"role": "tool", "tool_call_id": "c", "content": "42 it is"}]}));
        assert_eq!(after.content.unwrap().concat(), "tool said: 42 it is");
        let refused = said("call tool g with {}", &json!({"tools": tools}));
        assert_eq!(refused, "I was not offered the tool `g`.");
        let forbidden = json!({"tools": tools, "tool_choice": "none"});
        assert_eq!(
            said("call tool f with {}", &forbidden),
            "I was not offered the tool `f`."
        );
    }

    #[test]
    fn one_call_is_made_where_parallel_calls_are_not_allowed() {
        let tools = json!([{"type": "function", "function": {"name": "f"}}]);
        let order = "call tool f with {}\ncall tool f with {}";
        let mut body = json!({"model": "m", "tools": tools,
            "messages": [{"role": "user", "content": order}]});
        assert_eq!(reply(&body).calls.len(), 2);
        body["parallel_tool_calls"] = json!(false);
        assert_eq!(reply(&body).calls.len(), 1);
    }

    #[test]
    fn a_demanded_tool_is_called_with_minimal_arguments() {
        let tools = json!([{"type": "function", "function": {"name": "f", "parameters":
            {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}}}]);
        let body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}],
            "tools": tools, "tool_choice": "required"});
        assert_eq!(reply(&body).calls[0].arguments, r#"{"q":"text"}"#);
    }
}
