use serde::Deserialize;
use serde_json::Value;

use super::masking::Mask;

const MESSAGE_CHARS_MAX: usize = 500;
const NAME_CHARS_MAX: usize = 200;

/// What a provider says about a refusal, in the shapes providers say it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Explanation {
    pub(super) message: Option<String>,
    pub(super) param: Option<String>,
    pub(super) code: Option<String>,
}

/// `{"error": {…}}` (OpenAI), `{"error": "…"}`, the fields without a wrapper, and the `detail` of `FastAPI`.
#[derive(Deserialize)]
struct Body {
    error: Option<Value>,
    detail: Option<Value>,
    message: Option<Value>,
    param: Option<Value>,
    code: Option<Value>,
}

impl Explanation {
    /// Reads what it can; an HTML page explains nothing.
    pub(super) fn read(body: &[u8], mask: &Mask) -> Self {
        let Ok(body) = serde_json::from_slice::<Body>(body) else {
            return Self::default();
        };
        let (message, param, code) = match body.error {
            Some(Value::Object(mut error)) => (
                error.remove("message"),
                error.remove("param"),
                error.remove("code"),
            ),
            Some(Value::String(message)) => (Some(Value::String(message)), body.param, body.code),
            _ => (body.message.or(body.detail), body.param, body.code),
        };
        let text = |value: Option<Value>, chars_max| {
            let text = match value? {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Array(problems) => first_problem(&problems)?,
                _ => return None,
            };
            (!text.is_empty()).then(|| mask.apply(&text, chars_max))
        };
        Self {
            message: text(message, MESSAGE_CHARS_MAX),
            param: text(param, NAME_CHARS_MAX),
            code: text(code, NAME_CHARS_MAX),
        }
    }
}

/// `msg` of the first validation problem of `FastAPI`.
fn first_problem(problems: &[Value]) -> Option<String> {
    Some(problems.first()?.get("msg")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Explanation, Mask};

    fn read(body: &str) -> Explanation {
        Explanation::read(body.as_bytes(), &Mask::new(None))
    }

    /// An empty text stands for what was not said.
    fn said(message: &str, param: &str, code: &str) -> Explanation {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Explanation {
            message: text(message),
            param: text(param),
            code: text(code),
        }
    }

    #[test]
    fn every_known_shape_is_read() {
        let full = r#"{"error":{"message":"m","type":"t","param":"p","code":"c"}}"#;
        assert_eq!(read(full), said("m", "p", "c"));
        let numbered = r#"{"error":{"message":"m","param":null,"code":400}}"#;
        assert_eq!(read(numbered), said("m", "", "400"));
        assert_eq!(read(r#"{"error":"m"}"#), said("m", "", ""));
        let flat = r#"{"object":"error","message":"m","param":"p","code":404}"#;
        assert_eq!(read(flat), said("m", "p", "404"));
        assert_eq!(read(r#"{"detail":"m"}"#), said("m", "", ""));
        let listed = r#"{"detail":[{"loc":["body"],"msg":"m"}]}"#;
        assert_eq!(read(listed), said("m", "", ""));
    }

    #[test]
    fn anything_else_explains_nothing() {
        for body in [
            "",
            "<html>sk-secret</html>",
            "[]",
            "null",
            "{}",
            r#"{"error":{}}"#,
            "\u{0}",
        ] {
            assert_eq!(read(body), said("", "", ""), "{body}");
        }
    }

    #[test]
    fn messages_are_masked_and_cut() {
        let body = format!(
            r#"{{"error":{{"message":"key sk-12345678 {}"}}}}"#,
            "x".repeat(2_000)
        );
        let message = read(&body).message;
        let message = message.unwrap();
        assert!(
            message.starts_with("key [masked] xx") && message.len() == 500,
            "{message}"
        );
    }
}
