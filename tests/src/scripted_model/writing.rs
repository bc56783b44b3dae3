//! Writes a reply down as one body.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::nulls;
use super::refusal::to_json;
use super::reply::Reply;
use super::wire::{Choice, Completion, Letterhead, Usage};

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

/// The same as a tree, for the habits that change its keys.
pub(super) fn to_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("wire structs have string keys only")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Bytes, Letterhead, Style, whole};
    use crate::scripted_model::reply::Reply;

    const USAGE: &str = concat!(
        r#"{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"#,
        r#""prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"#,
        r#""completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"#,
        r#""accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#
    );

    fn write(style: Style) -> Bytes {
        whole(
            Letterhead {
                number: 7,
                model: "m",
            },
            &Reply::saying("Hi you"),
            3,
            style,
        )
    }

    #[test]
    fn a_whole_answer_is_written_as_openai_writes_it() {
        let body = write(Style::default());
        let expected = format!(
            "{}{}{USAGE}{}",
            r#"{"id":"chatcmpl-00000000000000000007","object":"chat.completion","created":1767225600,"model":"m","#,
            r#""choices":[{"index":0,"message":{"role":"assistant","content":"Hi you","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],"usage":"#,
            r#","service_tier":"default","system_fingerprint":"fp_scripted"}"#,
        );
        assert_eq!(std::str::from_utf8(&body).unwrap(), expected);
    }

    #[test]
    fn every_choice_is_written_with_its_logprobs() {
        let style = Style {
            n: 2,
            logprobs: Some(2),
            ..Style::default()
        };
        let body: Value = serde_json::from_slice(&write(style)).unwrap();
        assert_eq!(body["usage"]["completion_tokens"], 4);
        assert_eq!(body["choices"][1]["index"], 1);
        let token = &body["choices"][1]["logprobs"]["content"][1];
        assert_eq!(
            (&token["token"], &token["bytes"]),
            (&json!(" you"), &json!([32, 121, 111, 117]))
        );
        assert_eq!(token["top_logprobs"].as_array().unwrap().len(), 2);
        assert_eq!(token["top_logprobs"][0]["logprob"], token["logprob"]);
    }

    #[test]
    fn null_fields_are_spelled_out_on_request() {
        let body = write(Style {
            null_fields: true,
            ..Style::default()
        });
        assert!(
            std::str::from_utf8(&body)
                .unwrap()
                .contains(r#""tool_calls":null"#)
        );
    }
}
