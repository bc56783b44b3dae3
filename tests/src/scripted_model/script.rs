//! The orders a prompt can give: which tools to call in which round, and what to say.

/// What a prompt asks for, one entry per turn of the model after it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Script {
    pub(super) rounds: Vec<Round>,
}

/// One turn of the model.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) calls: Vec<Call>,
    pub(super) reasoning: Option<String>,
    pub(super) content: Option<String>,
    /// Said with `always`: this round is repeated for as long as tool results come back.
    pub(super) always: bool,
}

/// `call tool NAME with ARGUMENTS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: String,
    /// JSON text exactly as the prompt has it, broken JSON included.
    pub(super) arguments: String,
}

impl Script {
    /// Reads the orders line by line. A line that gives none is left to the plain answers.
    pub(super) fn parse(text: &str) -> Self {
        let mut rounds = vec![Round::default()];
        let mut rest = text;
        while !rest.is_empty() {
            rest = read_line(&mut rounds, rest.trim_start());
        }
        rounds.retain(|round| *round != Round::default());
        Self { rounds }
    }

    /// The orders of the given turn, counted from 0.
    pub(super) fn round(&self, turn: usize) -> Option<&Round> {
        self.rounds
            .get(turn)
            .or_else(|| self.rounds.last().filter(|round| round.always))
    }
}

/// Reads one order into the last round and returns the text after it.
fn read_line<'a>(rounds: &mut Vec<Round>, line: &'a str) -> &'a str {
    if let Some(next) = after_word(line, "then") {
        rounds.push(Round::default());
        return read_order(rounds, next);
    }
    read_order(rounds, line)
}

fn read_order<'a>(rounds: &mut [Round], line: &'a str) -> &'a str {
    let round = rounds.last_mut().expect("a script begins with one round");
    let (line, always) = match after_word(line, "always") {
        Some(order) if after_word(order, "call tool").is_some() => (order, true),
        _ => (line, false),
    };
    if let Some((call, rest)) = after_word(line, "call tool").and_then(parse_call) {
        round.calls.push(call);
        round.always |= always;
        return rest;
    }
    if let Some(content) = after_word(line, "reply exactly") {
        round.content = Some(content.to_owned());
        return "";
    }
    if let Some((reasoning, content)) = after_word(line, "think").and_then(parse_thought) {
        round.reasoning = Some(reasoning.to_owned());
        round.content = Some(content.to_owned());
        return "";
    }
    line.split_once('\n').map_or("", |(_, rest)| rest)
}

/// `NAME with {…}`: the arguments end where their JSON ends, or with the line if they never do.
fn parse_call(text: &str) -> Option<(Call, &str)> {
    let (name, after_name) = text.split_once(char::is_whitespace)?;
    let arguments = after_word(after_name.trim_start(), "with")?;
    let end = json_end(arguments)
        .or_else(|| arguments.find('\n'))
        .unwrap_or(arguments.len());
    let (arguments, rest) = arguments.split_at(end);
    let call = Call {
        name: name.to_owned(),
        arguments: arguments.trim_end().to_owned(),
    };
    Some((call, rest))
}

fn json_end(text: &str) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    values.next()?.ok()?;
    Some(values.byte_offset())
}

/// `X then reply Y`.
fn parse_thought(text: &str) -> Option<(&str, &str)> {
    let lower = text.to_ascii_lowercase();
    let middle = lower.find("then reply")?;
    let content = after_word(&text[middle..], "then reply")?;
    let content = after_word(content, "exactly").unwrap_or(content);
    Some((text[..middle].trim(), content))
}

/// The text after a verb written in any case, if the verb is a whole word.
pub(super) fn after_word<'a>(text: &'a str, verb: &str) -> Option<&'a str> {
    let head = text.get(..verb.len())?;
    let rest = &text[verb.len()..];
    let whole = rest.is_empty() || rest.starts_with(char::is_whitespace);
    (whole && head.eq_ignore_ascii_case(verb)).then(|| rest.trim_start())
}

#[cfg(test)]
mod tests {
    use super::{Call, Round, Script};

    fn call(name: &str, arguments: &str) -> Call {
        Call {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        }
    }

    #[test]
    fn reply_exactly_takes_the_rest_of_the_message() {
        let script = Script::parse("Reply EXACTLY two\nlines, then some");
        let content = Some("two\nlines, then some".to_owned());
        assert_eq!(
            script.rounds,
            [Round {
                content,
                ..Round::default()
            }]
        );
    }

    #[test]
    fn several_calls_in_one_round_run_in_parallel() {
        let script = Script::parse("call tool a with {\"x\": [1,\n2]}\ncall tool b with {} ");
        let calls = vec![call("a", "{\"x\": [1,\n2]}"), call("b", "{}")];
        assert_eq!(
            script.rounds,
            [Round {
                calls,
                ..Round::default()
            }]
        );
    }

    #[test]
    fn then_begins_the_next_round() {
        let script =
            Script::parse("call tool a with {}\nthen call tool b with {}\nthen reply exactly done");
        assert_eq!(script.rounds.len(), 3);
        assert_eq!(script.round(1).unwrap().calls, [call("b", "{}")]);
        assert_eq!(script.round(2).unwrap().content.as_deref(), Some("done"));
        assert_eq!(script.round(3), None);
    }

    #[test]
    fn always_repeats_the_last_round() {
        let script = Script::parse("always call tool a with {}");
        assert_eq!(script.round(41).unwrap().calls, [call("a", "{}")]);
    }

    #[test]
    fn broken_arguments_are_passed_on_as_written() {
        let script = Script::parse("call tool a with {\"x\": \ncall tool b with {}");
        assert_eq!(
            script.rounds[0].calls,
            [call("a", "{\"x\":"), call("b", "{}")]
        );
    }

    #[test]
    fn a_thought_comes_before_its_reply() {
        let script = Script::parse("think one and\none make two THEN reply two");
        assert_eq!(
            script.rounds[0].reasoning.as_deref(),
            Some("one and\none make two")
        );
        assert_eq!(script.rounds[0].content.as_deref(), Some("two"));
    }

    #[test]
    fn ordinary_text_gives_no_orders() {
        for text in [
            "",
            "hello",
            "thinking of you",
            "then what?",
            "call tool",
            "reply exact x",
        ] {
            assert_eq!(Script::parse(text), Script::default(), "{text:?}");
        }
    }
}
