//! Stage directions in square brackets: how the answer is paced and how it goes wrong.

use std::fmt;

use super::fault::{Fault, FaultDirective};

/// Content frames that still go out before a fault in the middle of an answer.
const FRAMES_BEFORE_FAULT: usize = 2;

/// A message split into what it says and how the answer shall be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directives {
    /// The message without its directives.
    pub(super) text: String,
    pub(super) first_token_ms: Option<u64>,
    pub(super) frame_ms: Option<u64>,
    pub(super) fault: Option<FaultDirective>,
}

/// A directive that is known by its key but cannot be obeyed. Ignoring it would let a test pass
/// that never met its fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DirectiveError {
    UnknownFault(String),
    NotANumber { key: String, value: String },
}

impl fmt::Display for DirectiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownFault(name) => write!(f, "there is no fault named `{name}`"),
            Self::NotANumber { key, value } => write!(f, "`{value}` is no number for `{key}`"),
        }
    }
}

impl Directives {
    /// Takes the known `[key=value]` directives out of a message and leaves other brackets alone.
    pub(super) fn parse(message: &str) -> Result<Self, DirectiveError> {
        let mut draft = Draft::default();
        let mut text = String::with_capacity(message.len());
        let mut rest = message;
        while let Some(open) = rest.find('[') {
            let (before, bracket) = rest.split_at(open);
            text.push_str(before);
            match Self::bracket(bracket) {
                Some((key, value, after)) if draft.accept(key, value)? => rest = after,
                _ => {
                    text.push('[');
                    rest = &bracket[1..];
                }
            }
        }
        text.push_str(rest);
        Ok(draft.finish(text.trim().to_owned()))
    }

    /// Splits `[key=value]after`.
    fn bracket(text: &str) -> Option<(&str, &str, &str)> {
        let (inside, after) = text.strip_prefix('[')?.split_once(']')?;
        let (key, value) = inside.split_once('=')?;
        Some((key.trim(), value.trim(), after))
    }
}

/// What has been read so far; the fault's details may come before or after the fault itself.
#[derive(Default)]
struct Draft {
    first_token_ms: Option<u64>,
    frame_ms: Option<u64>,
    fault: Option<(Fault, Option<String>)>,
    after_frames: Option<u64>,
    retry_after_s: Option<u64>,
    headers_ms: Option<u64>,
}

impl Draft {
    /// True if the key is a directive.
    fn accept(&mut self, key: &str, value: &str) -> Result<bool, DirectiveError> {
        match key.to_ascii_lowercase().as_str() {
            "first_token_ms" => self.first_token_ms = Some(number(key, value)?),
            "frame_ms" => self.frame_ms = Some(number(key, value)?),
            "fault_after" => self.after_frames = Some(number(key, value)?),
            "retry_after_s" => self.retry_after_s = Some(number(key, value)?),
            "headers_ms" => self.headers_ms = Some(number(key, value)?),
            "fault" => self.fault = Some((fault(value)?, None)),
            "fault_once" => {
                let (name, once) = value.split_once(':').unwrap_or((value, ""));
                self.fault = Some((fault(name)?, Some(once.to_owned())));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn finish(self, text: String) -> Directives {
        let after_frames = self.after_frames.map_or(FRAMES_BEFORE_FAULT, |frames| {
            usize::try_from(frames).unwrap_or(usize::MAX)
        });
        let fault = self.fault.map(|(fault, once)| FaultDirective {
            fault,
            once,
            after_frames,
            retry_after_s: self.retry_after_s.unwrap_or(1),
            headers_ms: self.headers_ms.unwrap_or(3_000),
        });
        let (first_token_ms, frame_ms) = (self.first_token_ms, self.frame_ms);
        Directives {
            text,
            first_token_ms,
            frame_ms,
            fault,
        }
    }
}

fn fault(name: &str) -> Result<Fault, DirectiveError> {
    Fault::named(name).ok_or_else(|| DirectiveError::UnknownFault(name.to_owned()))
}

fn number(key: &str, value: &str) -> Result<u64, DirectiveError> {
    value.parse().map_err(|_| DirectiveError::NotANumber {
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{DirectiveError, Directives, Fault};

    #[test]
    fn directives_are_taken_out_and_other_brackets_stay() {
        let parsed = Directives::parse("[fault=cut] count to 9 [a] [x=1] [frame_ms=10]").unwrap();
        assert_eq!(parsed.text, "count to 9 [a] [x=1]");
        assert_eq!(parsed.frame_ms, Some(10));
        assert_eq!(parsed.first_token_ms, None);
        let fault = parsed.fault.unwrap();
        assert_eq!(
            (fault.fault, fault.once, fault.after_frames),
            (Fault::Cut, None, 2)
        );
    }

    #[test]
    fn a_fault_can_be_limited_to_one_request_and_placed() {
        let parsed = Directives::parse("hi [fault_after=0] [Fault_Once=stall:k1]").unwrap();
        let fault = parsed.fault.unwrap();
        assert_eq!(
            (fault.fault, fault.once.as_deref(), fault.after_frames),
            (Fault::Stall, Some("k1"), 0)
        );
    }

    #[test]
    fn a_directive_that_cannot_be_obeyed_is_refused() {
        let unknown = Directives::parse("[fault=nap]").unwrap_err();
        assert_eq!(unknown, DirectiveError::UnknownFault("nap".to_owned()));
        assert!(Directives::parse("[frame_ms=soon]").is_err());
    }

    #[test]
    fn an_open_bracket_is_ordinary_text() {
        assert_eq!(
            Directives::parse("a [fault=cut").unwrap().text,
            "a [fault=cut"
        );
        assert_eq!(Directives::parse("[[frame_ms=1]]").unwrap().text, "[]");
    }
}
