use axum::response::Response;
use http::{HeaderName, HeaderValue};

const WARNINGS: HeaderName = HeaderName::from_static("x-jan-warnings");
/// Longest list of warnings in a header.
const BYTES_MAX: usize = 1024;

/// What was accepted and has no effect. Told in a header, because clients may refuse unknown fields.
#[derive(Debug, Default)]
pub(crate) struct Warnings(Vec<String>);

impl Warnings {
    /// A parameter that we do not know.
    pub(super) fn unknown_parameter(&mut self, name: &str) {
        self.add(format!("unknown parameter '{}' has no effect", shown(name)));
    }

    /// A tool that is not offered to the model.
    pub(super) fn ignored_tool(&mut self, kind: &str) {
        self.add(format!("tools of type '{}' are not offered", shown(kind)));
    }

    /// A vector store in which nothing can be found.
    pub(super) fn empty_store(&mut self, name: &str) {
        self.add(format!(
            "vector store '{}' holds nothing of yours",
            shown(name)
        ));
    }

    /// Anything else.
    pub(super) fn add(&mut self, warning: String) {
        if !self.0.contains(&warning) {
            self.0.push(warning);
        }
    }

    /// All of them, for answers that have a place for them.
    pub(crate) fn into_list(self) -> Vec<String> {
        self.0
    }

    /// Adds the header, if there is anything to say.
    pub(super) fn tell(&self, response: &mut Response) {
        let mut line = self.0.join("; ");
        line.truncate(BYTES_MAX);
        if let Ok(value) = HeaderValue::from_str(&line)
            && !line.is_empty()
        {
            response.headers_mut().insert(WARNINGS, value);
        }
    }
}

/// As much of a caller's word as a header should repeat.
fn shown(word: &str) -> String {
    word.chars()
        .filter(char::is_ascii_graphic)
        .take(40)
        .collect()
}
