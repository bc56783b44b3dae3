use http::{HeaderMap, HeaderValue, header};

/// What the protocol wants every client to say.
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Says what a client of the protocol says, for those that take JSON and do not say so in full: Jan's
/// own send `*/*`, and many send nothing.
pub(super) fn complete(headers: &mut HeaderMap) {
    let said = headers.get_all(header::ACCEPT).iter();
    let mut said = said.filter_map(|value| value.to_str().ok()).peekable();
    let silent = said.peek().is_none();
    if silent || said.any(takes_json) {
        headers.insert(header::ACCEPT, BOTH);
    }
    headers.entry(header::CONTENT_TYPE).or_insert(JSON);
}

fn takes_json(accept: &str) -> bool {
    accept.split(',').any(|range| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        ["*/*", "application/*", "application/json"]
            .iter()
            .any(|json| essence.eq_ignore_ascii_case(json))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_takes_json_is_understood() {
        let completed = |said: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(said) = said {
                headers.insert(header::ACCEPT, said.parse().unwrap());
            }
            complete(&mut headers);
            headers[header::ACCEPT] == BOTH
        };
        for json in [
            None,
            Some("*/*"),
            Some("application/json"),
            Some("text/html, Application/JSON;q=0.9"),
        ] {
            assert!(completed(json), "{json:?}");
        }
        for other in ["text/html", "text/event-stream"] {
            assert!(!completed(Some(other)), "{other}");
        }
    }
}
