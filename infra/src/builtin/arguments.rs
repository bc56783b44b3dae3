use jan_domain::ports::ToolResult;
use serde_json::{Map, Value};

/// What a call came with. Who reads an argument says what it may be; what nobody reads is ignored.
pub(super) struct Arguments(pub(super) Map<String, Value>);

/// An argument that is not what it may be, in words for whoever called.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the argument '{name}' must be {expected}")]
pub(super) struct WrongArgument {
    name: &'static str,
    expected: String,
}

impl Arguments {
    /// A text of at most so many characters; an empty one is none.
    pub(super) fn text(
        &self,
        name: &'static str,
        chars_max: usize,
    ) -> Result<Option<&str>, WrongArgument> {
        let text = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.chars().count() <= chars_max => text.trim(),
            Some(_) => {
                return Err(wrong(
                    name,
                    format!("a text of at most {chars_max} characters"),
                ));
            }
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The same, where it must be there.
    pub(super) fn required(
        &self,
        name: &'static str,
        chars_max: usize,
    ) -> Result<&str, WrongArgument> {
        let text = self.text(name, chars_max)?;
        text.ok_or_else(|| wrong(name, format!("a text of at most {chars_max} characters")))
    }

    /// A text of any length, with the white space around it.
    pub(super) fn as_it_stands(&self, name: &'static str) -> Result<&str, WrongArgument> {
        let text = self.0.get(name).and_then(Value::as_str);
        text.ok_or_else(|| wrong(name, "a text".to_owned()))
    }

    /// Whether anything is said under this name.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// A number from 0 to 1.
    pub(super) fn share(&self, name: &'static str) -> Result<Option<f32>, WrongArgument> {
        if !self.is_given(name) {
            return Ok(None);
        }
        let number = self.0.get(name).and_then(Value::as_f64);
        let number = number.filter(|number| (0.0..=1.0).contains(number));
        #[expect(clippy::cast_possible_truncation, reason = "a score is not so exact")]
        let share = number.map(|number| Some(number as f32));
        share.ok_or_else(|| wrong(name, "a number from 0 to 1".to_owned()))
    }

    /// Texts, as they stand.
    pub(super) fn texts(&self, name: &'static str) -> Result<Vec<String>, WrongArgument> {
        let list = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) => list.iter(),
            Some(_) => return Err(wrong(name, "a list of texts".to_owned())),
        };
        let texts = list.map(|entry| entry.as_str().map(str::to_owned));
        let texts = texts.collect::<Option<_>>();
        texts.ok_or_else(|| wrong(name, "a list of texts".to_owned()))
    }

    /// An object's fields; none if there is no object.
    pub(super) fn fields(&self, name: &'static str) -> Result<Map<String, Value>, WrongArgument> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(fields)) => Ok(fields.clone()),
            Some(_) => Err(wrong(name, "an object".to_owned())),
        }
    }

    /// A whole number, brought within what is sensible.
    pub(super) fn number(
        &self,
        name: &'static str,
        (least, most): (u32, u32),
    ) -> Result<Option<u32>, WrongArgument> {
        let number = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Number(number)) => number.as_f64().filter(|number| number.fract() == 0.0),
            Some(_) => None,
        };
        let number = number.ok_or_else(|| wrong(name, "a whole number".to_owned()))?;
        let number = number.clamp(f64::from(least), f64::from(most));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies between two numbers of this type"
        )]
        Ok(Some(number as u32))
    }

    /// Yes or no.
    pub(super) fn flag(&self, name: &'static str) -> Result<Option<bool>, WrongArgument> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong(name, "true or false".to_owned())),
        }
    }

    /// Names of hosts, in the form in which URLs have them.
    pub(super) fn hosts(
        &self,
        name: &'static str,
        most: usize,
    ) -> Result<Vec<String>, WrongArgument> {
        let expected = || {
            wrong(
                name,
                format!("a list of at most {most} hosts such as example.com"),
            )
        };
        let list = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(list)) if list.len() <= most => list,
            Some(_) => return Err(expected()),
        };
        let host = |entry: &Value| {
            let text = entry.as_str()?.trim().trim_start_matches("*.");
            match url::Host::parse(text).ok()? {
                url::Host::Domain(host) => Some(host.trim_end_matches('.').to_owned()),
                url::Host::Ipv4(_) | url::Host::Ipv6(_) => None,
            }
        };
        let hosts = list.iter().map(host).collect::<Option<Vec<_>>>();
        hosts.ok_or_else(expected)
    }

    /// One of a few words.
    pub(super) fn one_of<T>(
        &self,
        name: &'static str,
        read: impl Fn(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, WrongArgument> {
        let Some(word) = self.text(name, 100)? else {
            return Ok(None);
        };
        let read = read(word).ok_or_else(|| wrong(name, expected.to_owned()));
        read.map(Some)
    }
}

pub(super) fn wrong(name: &'static str, expected: String) -> WrongArgument {
    WrongArgument { name, expected }
}

/// A result that says what went wrong.
pub(super) fn failed(error: impl std::fmt::Display) -> ToolResult {
    ToolResult {
        is_error: true,
        ..ToolResult::text(error.to_string())
    }
}

/// A result of one JSON document, as text and as it is.
pub(super) fn document(document: Value) -> ToolResult {
    let text = document.to_string();
    ToolResult {
        structured: Some(document),
        ..ToolResult::text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use serde_json::{Value, json};

    fn arguments(of: &Value) -> Arguments {
        Arguments(of.as_object().unwrap().clone())
    }

    #[test]
    fn arguments_are_what_they_may_be_or_named() {
        let read =
            arguments(&json!({"q": " tea ", "n": 99, "h": ["A.example.", "*.b.example"], "e": ""}));
        assert_eq!(read.text("q", 10), Ok(Some("tea")));
        assert_eq!(read.number("n", (1, 20)), Ok(Some(20)));
        assert_eq!(
            read.hosts("h", 2),
            Ok(vec!["a.example".to_owned(), "b.example".to_owned()])
        );
        assert_eq!((read.text("e", 1), read.flag("f")), (Ok(None), Ok(None)));
        assert!(read.required("e", 1).is_err());
        let wrong = arguments(
            &json!({"q": 5, "n": "5", "h": ["a b"], "f": 1, "m": 1.5, "i": ["127.0.0.1"]}),
        );
        assert_eq!(
            wrong.text("q", 10).unwrap_err().to_string(),
            "the argument 'q' must be a text of at most 10 characters"
        );
        assert!(wrong.number("n", (1, 2)).is_err() && wrong.number("m", (1, 2)).is_err());
        assert!(wrong.hosts("h", 2).is_err() && wrong.hosts("i", 2).is_err());
        assert!(wrong.flag("f").is_err());
    }
}
