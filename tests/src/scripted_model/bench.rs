//! Prepared answers for benchmarks: the text never changes, so only the id is written per reply.

use std::collections::HashMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::options::Options;
use super::reply::Reply;
use super::request::StreamOptions;
use super::script::after_word;
use super::streaming::StreamFrames;
use super::wire::Letterhead;
use super::writing::{Style, whole};

const NUMBER_DIGITS: usize = 20;

/// A user message that asks for the reply of fixed size.
pub(super) fn is_bench(text: &str) -> bool {
    after_word(text, "bench").is_some()
}

/// The prepared answers of every served model.
#[derive(Debug)]
pub(super) struct Bench {
    by_model: HashMap<String, Prepared>,
}

/// One model's reply in its three shapes.
#[derive(Debug)]
pub(super) struct Prepared {
    whole: Template,
    stream: Template,
    stream_with_usage: Template,
}

/// An answer with room for its number wherever its id stands.
#[derive(Debug)]
struct Template {
    bytes: Vec<u8>,
    number_at: Vec<usize>,
    frame_ends: Vec<usize>,
}

impl Bench {
    pub(super) fn prepare(options: &Options) -> Self {
        let reply = reply(options);
        let models = options.served();
        let prepared = models.map(|model| (model.to_owned(), Prepared::new(model, &reply)));
        Self {
            by_model: prepared.collect(),
        }
    }

    pub(super) fn find(&self, model: &str) -> Option<&Prepared> {
        self.by_model.get(model)
    }
}

impl Prepared {
    fn new(model: &str, reply: &Reply) -> Self {
        let letterhead = Letterhead { number: 0, model };
        let style = |include_usage| Style {
            include_usage,
            ..Style::default()
        };
        let stream = |include_usage| {
            let frames = StreamFrames::write(letterhead, reply, 1, style(include_usage));
            Template::new(&[frames.head, frames.content, frames.tail].concat())
        };
        Self {
            whole: Template::new(&[whole(letterhead, reply, 1, style(false))]),
            stream: stream(false),
            stream_with_usage: stream(true),
        }
    }

    pub(super) fn whole(&self, number: u64) -> Bytes {
        self.whole.stamp(number)
    }

    pub(super) fn frames(&self, number: u64, include_usage: bool) -> StreamFrames {
        let template = if include_usage {
            &self.stream_with_usage
        } else {
            &self.stream
        };
        let tail_frames = if include_usage { 2 } else { 1 };
        let bytes = template.stamp(number);
        let starts = [0].into_iter().chain(template.frame_ends.iter().copied());
        let mut content: Vec<_> = starts
            .zip(&template.frame_ends)
            .map(|(start, end)| bytes.slice(start..*end))
            .collect();
        let tail = content.split_off(content.len() - tail_frames);
        let head = vec![content.remove(0)];
        StreamFrames {
            head,
            content,
            tail,
        }
    }
}

impl Template {
    /// The frames must have been written with number 0.
    fn new(frames: &[Bytes]) -> Self {
        let mut frame_ends = Vec::with_capacity(frames.len());
        let mut bytes = Vec::new();
        for frame in frames {
            bytes.extend_from_slice(frame);
            frame_ends.push(bytes.len());
        }
        let text = String::from_utf8_lossy(&bytes);
        let id = Letterhead {
            number: 0,
            model: "",
        }
        .id();
        let number_at = text
            .match_indices(&id)
            .map(|(at, _)| at + id.len() - NUMBER_DIGITS);
        let number_at = number_at.collect();
        Self {
            bytes,
            number_at,
            frame_ends,
        }
    }

    fn stamp(&self, number: u64) -> Bytes {
        let mut bytes = self.bytes.clone();
        let digits = format!("{number:0NUMBER_DIGITS$}");
        for at in &self.number_at {
            bytes[*at..at + NUMBER_DIGITS].copy_from_slice(digits.as_bytes());
        }
        bytes.into()
    }
}

/// The configured number of bytes in the configured number of frames, ASCII only.
fn reply(options: &Options) -> Reply {
    let text: String = "lorem ipsum "
        .chars()
        .cycle()
        .take(options.reply_bytes)
        .collect();
    let frames = options.reply_frames.clamp(1, text.len().max(1));
    let cut = |frame: usize| frame * text.len() / frames;
    let content = (0..frames).map(|frame| text[cut(frame)..cut(frame + 1)].to_owned());
    Reply {
        content: Some(content.collect()),
        ..Reply::default()
    }
}

/// As much of a chat request as it takes to see that it is a plain `bench` prompt.
#[derive(Debug, Deserialize)]
pub(super) struct BenchCall<'a> {
    pub(super) model: &'a str,
    #[serde(borrow)]
    messages: Vec<BenchMessage<'a>>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct BenchMessage<'a> {
    role: &'a str,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

impl<'a> BenchCall<'a> {
    /// `None` sends the request the ordinary way, which knows `bench` too.
    pub(super) fn recognise(body: &'a [u8]) -> Option<Self> {
        let call: Self = serde_json::from_slice(body).ok()?;
        let last = call
            .messages
            .iter()
            .rfind(|message| message.role == "user")?;
        let text = last.content?.get().strip_prefix('"')?.strip_suffix('"')?;
        (is_bench(text) && !text.contains(['[', '\\'])).then_some(call)
    }

    pub(super) fn is_stream(&self) -> bool {
        self.stream.unwrap_or(false)
    }

    pub(super) fn includes_usage(&self) -> bool {
        self.stream_options
            .as_ref()
            .and_then(|options| options.include_usage)
            .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{Bench, BenchCall, Options};

    #[test]
    fn only_plain_bench_prompts_take_the_short_way() {
        let body = |content: &str| {
            format!(r#"{{"model":"m","messages":[{{"role":"user","content":{content}}}]}}"#)
        };
        for plain in [r#""bench""#, r#""bench 17""#, r#""Bench x""#] {
            assert!(
                BenchCall::recognise(body(plain).as_bytes()).is_some(),
                "{plain}"
            );
        }
        for other in [
            r#""benches""#,
            r#""bench [fault=cut]""#,
            r#""a bench""#,
            "[]",
            "null",
        ] {
            assert!(
                BenchCall::recognise(body(other).as_bytes()).is_none(),
                "{other}"
            );
        }
    }

    #[test]
    fn every_reply_has_the_configured_size_and_its_own_id() {
        let options = Options {
            reply_bytes: 101,
            reply_frames: 7,
            ..Options::default()
        };
        let bench = Bench::prepare(&options);
        let prepared = bench.find("scripted-1").unwrap();
        let whole: Value = serde_json::from_slice(&prepared.whole(42)).unwrap();
        assert_eq!(whole["id"], "chatcmpl-00000000000000000042");
        assert_eq!(
            whole["choices"][0]["message"]["content"]
                .as_str()
                .unwrap()
                .len(),
            101
        );
        let frames = prepared.frames(43, true);
        assert_eq!(
            (frames.head.len(), frames.content.len(), frames.tail.len()),
            (1, 7, 2)
        );
        for frame in frames
            .head
            .iter()
            .chain(&frames.content)
            .chain(&frames.tail)
        {
            let chunk: Value = serde_json::from_slice(&frame[6..]).unwrap();
            assert_eq!(chunk["id"], "chatcmpl-00000000000000000043");
        }
    }
}
