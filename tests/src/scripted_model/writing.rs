//! Writes a reply down: as one body, or as the frames of a stream.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::nulls;
use super::refusal::to_json;
use super::reply::Reply;
use super::wire::{
    CallFragment, Choice, Chunk, ChunkChoice, ChunkUsage, Completion, Delta, FunctionFragment,
    Letterhead, Logprobs, Null, Usage,
};

pub(super) const DONE: &[u8] = b"data: [DONE]\n\n";
/// Arguments of a tool call travel in fragments of this size.
const FRAGMENT_CHARS: usize = 12;

/// How the client wants its answer written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Choices, all alike.
    pub(super) n: usize,
    pub(super) logprobs: Option<usize>,
    pub(super) include_usage: bool,
    /// Spells out absent keys as null, as some servers do.
    pub(super) null_fields: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            n: 1,
            logprobs: None,
            include_usage: false,
            null_fields: false,
        }
    }
}

/// A stream in the parts at which it can go wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StreamFrames {
    /// The role, one frame per choice.
    pub(super) head: Vec<Bytes>,
    /// Reasoning, content and tool calls.
    pub(super) content: Vec<Bytes>,
    /// Finish reasons and usage.
    pub(super) tail: Vec<Bytes>,
}

/// The body of an answer that is not streamed.
pub(super) fn whole(
    letterhead: Letterhead<'_>,
    reply: &Reply,
    prompt_words: usize,
    style: Style,
) -> Bytes {
    let choices = (0..style.n)
        .map(|index| Choice::new(letterhead, index, reply, style.logprobs))
        .collect();
    let usage = Usage::count(prompt_words, reply, style.n);
    let completion = Completion::new(letterhead, choices, usage);
    if style.null_fields {
        to_json(&nulls::completion(to_value(&completion)))
    } else {
        to_json(&completion)
    }
}

/// The frames of a streamed answer, `[DONE]` not included.
pub(super) fn frames(
    letterhead: Letterhead<'_>,
    reply: &Reply,
    prompt_words: usize,
    style: Style,
) -> StreamFrames {
    let id = letterhead.id();
    let pen = Pen {
        letterhead,
        id: &id,
        style,
    };
    let mut frames = StreamFrames::default();
    for index in 0..style.n {
        let refusal = Some(Null);
        let delta = Delta {
            role: Some("assistant"),
            content: Some(""),
            refusal,
            ..Delta::default()
        };
        frames.head.push(pen.frame(index, delta, None, None));
    }
    for word in &reply.reasoning {
        pen.every_choice(&mut frames.content, || Delta {
            reasoning_content: Some(word),
            ..Delta::default()
        });
    }
    for word in reply.content.iter().flatten() {
        for index in 0..style.n {
            let logprobs = style
                .logprobs
                .map(|top| Logprobs::of(std::slice::from_ref(word), top));
            let delta = Delta {
                content: Some(word),
                ..Delta::default()
            };
            frames.content.push(pen.frame(index, delta, logprobs, None));
        }
    }
    pen.calls(&mut frames.content, reply);
    for index in 0..style.n {
        frames
            .tail
            .push(pen.frame(index, Delta::default(), None, Some(reply.finish.as_str())));
    }
    if style.include_usage {
        let usage = ChunkUsage::Counted(Usage::count(prompt_words, reply, style.n));
        frames.tail.push(pen.chunk(&[], Some(usage)));
    }
    frames
}

/// `data: …` with its empty line.
pub(super) fn sse(json: &[u8]) -> Bytes {
    [b"data: ", json, b"\n\n"].concat().into()
}

struct Pen<'a> {
    letterhead: Letterhead<'a>,
    id: &'a str,
    style: Style,
}

impl Pen<'_> {
    fn frame(
        &self,
        index: usize,
        delta: Delta<'_>,
        logprobs: Option<Logprobs>,
        finish_reason: Option<&'static str>,
    ) -> Bytes {
        let usage = self.style.include_usage.then_some(ChunkUsage::NotYet);
        self.chunk(
            &[ChunkChoice {
                index,
                delta,
                logprobs,
                finish_reason,
            }],
            usage,
        )
    }

    fn chunk(&self, choices: &[ChunkChoice<'_>], usage: Option<ChunkUsage>) -> Bytes {
        let chunk = Chunk::new(self.letterhead, self.id, choices, usage);
        if self.style.null_fields {
            return sse(&to_json(&nulls::chunk(to_value(&chunk))));
        }
        let mut frame = b"data: ".to_vec();
        serde_json::to_writer(&mut frame, &chunk).expect("writing to memory cannot fail");
        frame.extend_from_slice(b"\n\n");
        frame.into()
    }

    fn every_choice<'d>(&self, frames: &mut Vec<Bytes>, delta: impl Fn() -> Delta<'d>) {
        frames.extend((0..self.style.n).map(|index| self.frame(index, delta(), None, None)));
    }

    fn calls(&self, frames: &mut Vec<Bytes>, reply: &Reply) {
        for choice in 0..self.style.n {
            for (index, call) in reply.calls.iter().enumerate() {
                let opening = CallFragment {
                    index,
                    id: Some(self.letterhead.call_id(choice, index)),
                    r#type: Some("function"),
                    function: FunctionFragment {
                        name: Some(&call.name),
                        arguments: "",
                    },
                };
                frames.push(self.frame(choice, calling(opening), None, None));
                for arguments in fragments(&call.arguments) {
                    let function = FunctionFragment {
                        name: None,
                        arguments,
                    };
                    let fragment = CallFragment {
                        index,
                        id: None,
                        r#type: None,
                        function,
                    };
                    frames.push(self.frame(choice, calling(fragment), None, None));
                }
            }
        }
    }
}

fn calling(fragment: CallFragment<'_>) -> Delta<'_> {
    Delta {
        tool_calls: Some([fragment]),
        ..Delta::default()
    }
}

/// Cuts a text into pieces of a few characters each.
fn fragments(text: &str) -> impl Iterator<Item = &str> {
    let starts = text
        .char_indices()
        .map(|(at, _)| at)
        .step_by(FRAGMENT_CHARS);
    let ends = text
        .char_indices()
        .map(|(at, _)| at)
        .step_by(FRAGMENT_CHARS)
        .skip(1);
    starts
        .zip(ends.chain([text.len()]))
        .map(|(start, end)| &text[start..end])
}

fn to_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("wire structs have string keys only")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Letterhead, Style, fragments, frames, whole};
    use crate::scripted_model::reply::{Finish, Reply};
    use crate::scripted_model::script::Call;

    const LETTERHEAD: Letterhead<'static> = Letterhead {
        number: 7,
        model: "m",
    };
    const PLAIN: Style = Style {
        n: 1,
        logprobs: None,
        include_usage: false,
        null_fields: false,
    };
    const START: &str = concat!(
        r#"data: {"id":"chatcmpl-00000000000000000007","object":"chat.completion.chunk","#,
        r#""created":1767225600,"model":"m","service_tier":"default","#,
        r#""system_fingerprint":"fp_scripted","choices":["#
    );
    const USAGE: &str = concat!(
        r#"{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"#,
        r#""prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"#,
        r#""completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"#,
        r#""accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#
    );

    fn check(frame: &[u8], rest: &str) {
        assert_eq!(
            std::str::from_utf8(frame).unwrap(),
            format!("{START}{rest}\n\n")
        );
    }

    fn calling(arguments: &str) -> Reply {
        let calls = vec![Call {
            name: "f".to_owned(),
            arguments: arguments.to_owned(),
        }];
        Reply {
            calls,
            finish: Finish::ToolCalls,
            ..Reply::default()
        }
    }

    #[test]
    fn a_stream_is_written_as_openai_writes_it() {
        let style = Style {
            include_usage: true,
            ..PLAIN
        };
        let written = frames(LETTERHEAD, &Reply::saying("Hi you"), 3, style);
        check(
            &written.head[0],
            r#"{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null}"#,
        );
        check(
            &written.content[1],
            r#"{"index":0,"delta":{"content":" you"},"logprobs":null,"finish_reason":null}],"usage":null}"#,
        );
        check(
            &written.tail[0],
            r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}"#,
        );
        check(&written.tail[1], &format!(r#"],"usage":{USAGE}}}"#));
    }

    #[test]
    fn usage_is_absent_from_a_stream_unless_asked_for() {
        let written = frames(LETTERHEAD, &Reply::saying("Hi"), 3, PLAIN);
        check(
            &written.tail[0],
            r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}"#,
        );
        assert_eq!(written.tail.len(), 1);
    }

    #[test]
    fn later_fragments_of_a_call_have_index_and_arguments_only() {
        let written = frames(LETTERHEAD, &calling(r#"{"x":"a bit longer"}"#), 3, PLAIN);
        check(
            &written.content[0],
            r#"{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_7_0_0","type":"function","function":{"name":"f","arguments":""}}]},"logprobs":null,"finish_reason":null}]}"#,
        );
        check(
            &written.content[1],
            r#"{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"x\":\"a bit "}}]},"logprobs":null,"finish_reason":null}]}"#,
        );
        assert_eq!(written.content.len(), 3);
    }

    #[test]
    fn a_whole_answer_is_written_as_openai_writes_it() {
        let body = whole(LETTERHEAD, &Reply::saying("Hi you"), 3, PLAIN);
        let expected = format!(
            "{}{}{USAGE}{}",
            r#"{"id":"chatcmpl-00000000000000000007","object":"chat.completion","created":1767225600,"model":"m","#,
            r#""choices":[{"index":0,"message":{"role":"assistant","content":"Hi you","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":"#,
            r#","service_tier":"default","system_fingerprint":"fp_scripted"}"#,
        );
        assert_eq!(std::str::from_utf8(&body).unwrap(), expected);
    }

    #[test]
    fn null_fields_are_spelled_out_on_request() {
        let style = Style {
            null_fields: true,
            ..PLAIN
        };
        let written = frames(LETTERHEAD, &calling("{}"), 3, style);
        let fragment = std::str::from_utf8(&written.content[1]).unwrap();
        for null in [
            r#""id":null"#,
            r#""name":null"#,
            r#""content":null"#,
            r#""usage":null"#,
        ] {
            assert!(fragment.contains(null), "{null} in {fragment}");
        }
        let body = whole(LETTERHEAD, &Reply::saying("Hi"), 3, style);
        assert!(
            std::str::from_utf8(&body)
                .unwrap()
                .contains(r#""tool_calls":null"#)
        );
    }

    #[test]
    fn every_choice_is_written_with_its_logprobs() {
        let style = Style {
            n: 2,
            logprobs: Some(2),
            ..PLAIN
        };
        let body: Value =
            serde_json::from_slice(&whole(LETTERHEAD, &Reply::saying("Hi you"), 3, style)).unwrap();
        assert_eq!(
            (
                &body["choices"][1]["index"],
                &body["usage"]["completion_tokens"]
            ),
            (&json!(1), &json!(4))
        );
        let token = &body["choices"][1]["logprobs"]["content"][1];
        assert_eq!(
            (&token["token"], &token["bytes"]),
            (&json!(" you"), &json!([32, 121, 111, 117]))
        );
        assert_eq!(token["top_logprobs"].as_array().unwrap().len(), 2);
        assert_eq!(token["top_logprobs"][0]["logprob"], token["logprob"]);
        let written = frames(LETTERHEAD, &Reply::saying("Hi you"), 3, style);
        assert_eq!(
            (
                written.head.len(),
                written.content.len(),
                written.tail.len()
            ),
            (2, 4, 2)
        );
        let last: Value = serde_json::from_slice(&written.content[3][6..]).unwrap();
        assert_eq!(&last["choices"][0]["logprobs"]["content"][0], token);
    }

    #[test]
    fn fragments_respect_characters() {
        assert_eq!(
            fragments("ééééééééééééé").collect::<String>(),
            "ééééééééééééé"
        );
        assert_eq!(fragments("").count(), 0);
    }
}
