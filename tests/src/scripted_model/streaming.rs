//! Writes a reply down as the frames of a stream.

use bytes::Bytes;

use super::nulls;
use super::refusal::to_json;
use super::reply::Reply;
use super::wire::{
    CallFragment, Chunk, ChunkChoice, ChunkUsage, Delta, FunctionFragment, Letterhead, Logprobs,
    Null, Usage,
};
use super::writing::{Style, to_value};

pub(super) const DONE: &[u8] = b"data: [DONE]\n\n";
/// Arguments of a tool call travel in fragments of this size.
const FRAGMENT_CHARS: usize = 12;

/// A stream in the parts at which it can go wrong, `[DONE]` not included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StreamFrames {
    /// The role, one frame per choice.
    pub(super) head: Vec<Bytes>,
    /// Reasoning, content and tool calls.
    pub(super) content: Vec<Bytes>,
    /// Finish reasons and usage.
    pub(super) tail: Vec<Bytes>,
}

impl StreamFrames {
    pub(super) fn write(
        letterhead: Letterhead<'_>,
        reply: &Reply,
        prompt_words: usize,
        style: Style,
    ) -> Self {
        let id = &letterhead.id();
        let pen = Pen {
            letterhead,
            id,
            style,
        };
        let mut content = pen.reasoning(reply);
        content.extend(pen.content(reply));
        content.extend(pen.calls(reply));
        let usage = style
            .include_usage
            .then(|| Usage::count(prompt_words, reply, style.n));
        Self {
            head: pen.head(),
            content,
            tail: pen.tail(reply, usage),
        }
    }
}

/// `data: …` with its empty line.
pub(super) fn sse(json: &[u8]) -> Bytes {
    [b"data: ", json, b"\n\n"].concat().into()
}

/// Writes frames that share id and style.
struct Pen<'a> {
    letterhead: Letterhead<'a>,
    id: &'a str,
    style: Style,
}

impl Pen<'_> {
    fn head(&self) -> Vec<Bytes> {
        let role = || Delta {
            role: Some("assistant"),
            content: Some(""),
            refusal: Some(Null),
            ..Delta::default()
        };
        (0..self.style.n)
            .map(|index| self.delta(index, role()))
            .collect()
    }

    fn reasoning(&self, reply: &Reply) -> Vec<Bytes> {
        let mut frames = Vec::new();
        for word in &reply.reasoning {
            for index in 0..self.style.n {
                let delta = Delta {
                    reasoning_content: Some(word),
                    ..Delta::default()
                };
                frames.push(self.delta(index, delta));
            }
        }
        frames
    }

    fn content(&self, reply: &Reply) -> Vec<Bytes> {
        let mut frames = Vec::new();
        for word in reply.content.iter().flatten() {
            for index in 0..self.style.n {
                let delta = Delta {
                    content: Some(word),
                    ..Delta::default()
                };
                let of_word = |top| Logprobs::of(std::slice::from_ref(word), top);
                let logprobs = self.style.logprobs.map(of_word);
                frames.push(self.frame(ChunkChoice {
                    index,
                    delta,
                    logprobs,
                    finish_reason: None,
                }));
            }
        }
        frames
    }

    fn calls(&self, reply: &Reply) -> Vec<Bytes> {
        let mut frames = Vec::new();
        for choice in 0..self.style.n {
            for (index, call) in reply.calls.iter().enumerate() {
                let function = FunctionFragment {
                    name: Some(&call.name),
                    arguments: "",
                };
                let (id, r#type) = (self.letterhead.call_id(choice, index), Some("function"));
                let opening = CallFragment {
                    index,
                    id: Some(id),
                    r#type,
                    function,
                };
                frames.push(self.delta(choice, calling(opening)));
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
                    frames.push(self.delta(choice, calling(fragment)));
                }
            }
        }
        frames
    }

    fn tail(&self, reply: &Reply, usage: Option<Usage>) -> Vec<Bytes> {
        let finish_reason = Some(reply.finish.as_str());
        let finish = |index| {
            let delta = Delta::default();
            self.frame(ChunkChoice {
                index,
                delta,
                logprobs: None,
                finish_reason,
            })
        };
        let usage = usage.map(|usage| self.chunk(&[], Some(ChunkUsage::Counted(usage))));
        (0..self.style.n).map(finish).chain(usage).collect()
    }

    fn delta(&self, index: usize, delta: Delta<'_>) -> Bytes {
        self.frame(ChunkChoice {
            index,
            delta,
            logprobs: None,
            finish_reason: None,
        })
    }

    fn frame(&self, choice: ChunkChoice<'_>) -> Bytes {
        let usage = self.style.include_usage.then_some(ChunkUsage::NotYet);
        self.chunk(&[choice], usage)
    }

    fn chunk(&self, choices: &[ChunkChoice<'_>], usage: Option<ChunkUsage>) -> Bytes {
        let chunk = Chunk::new(self.letterhead, self.id, choices, usage);
        if self.style.null_fields {
            return sse(&to_json(&nulls::chunk(to_value(&chunk))));
        }
        sse(&to_json(&chunk))
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
    let cuts = || {
        text.char_indices()
            .map(|(at, _)| at)
            .step_by(FRAGMENT_CHARS)
    };
    let ends = cuts().skip(1).chain([text.len()]);
    cuts().zip(ends).map(|(start, end)| &text[start..end])
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Letterhead, StreamFrames, Style, fragments};
    use crate::scripted_model::reply::{Finish, Reply};
    use crate::scripted_model::script::Call;

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

    fn write(reply: &Reply, style: Style) -> StreamFrames {
        StreamFrames::write(
            Letterhead {
                number: 7,
                model: "m",
            },
            reply,
            3,
            style,
        )
    }

    #[test]
    fn a_stream_is_written_as_openai_writes_it() {
        let style = Style {
            include_usage: true,
            ..Style::default()
        };
        let written = write(&Reply::saying("Hi you"), style);
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
        let written = write(&Reply::saying("Hi"), Style::default());
        check(
            &written.tail[0],
            r#"{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}]}"#,
        );
        assert_eq!(written.tail.len(), 1);
    }

    #[test]
    fn later_fragments_of_a_call_have_index_and_arguments_only() {
        let written = write(&calling(r#"{"x":"a bit longer"}"#), Style::default());
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
    fn fragments_respect_characters() {
        assert_eq!(
            fragments("ééééééééééééé").collect::<String>(),
            "ééééééééééééé"
        );
        assert_eq!(fragments("").count(), 0);
    }

    #[test]
    fn every_choice_is_streamed_with_its_logprobs() {
        let written = write(
            &Reply::saying("Hi you"),
            Style {
                n: 2,
                logprobs: Some(2),
                ..Style::default()
            },
        );
        assert_eq!(
            (
                written.head.len(),
                written.content.len(),
                written.tail.len()
            ),
            (2, 4, 2)
        );
        let last: Value = serde_json::from_slice(&written.content[3][6..]).unwrap();
        let choice = &last["choices"][0];
        assert_eq!(
            (&choice["index"], &choice["delta"]["content"]),
            (&json!(1), &json!(" you"))
        );
        assert_eq!(choice["logprobs"]["content"][0]["token"], " you");
    }

    #[test]
    fn null_fields_are_spelled_out_on_request() {
        let style = Style {
            null_fields: true,
            ..Style::default()
        };
        let written = write(&calling("{}"), style);
        let fragment = std::str::from_utf8(&written.content[1]).unwrap();
        for null in [
            r#""id":null"#,
            r#""name":null"#,
            r#""content":null"#,
            r#""usage":null"#,
        ] {
            assert!(fragment.contains(null), "{null} in {fragment}");
        }
    }
}
