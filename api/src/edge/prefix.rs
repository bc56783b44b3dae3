//! Jan's gateway prefixes. The same routes answer with and without them.

use http::Uri;
use http::uri::PathAndQuery;

/// Prefixes that are stripped. `POST /mcp` is an endpoint of its own and stays.
const PREFIXES: &[&str] = &["/llm", "/responses", "/media", "/mcp"];

/// The URI without its gateway prefix, when it has one.
pub(super) fn stripped(uri: &Uri) -> Option<Uri> {
    let target = uri.path_and_query()?.as_str();
    let rest = PREFIXES
        .iter()
        .find_map(|prefix| target.strip_prefix(prefix))?;
    if !rest.starts_with('/') || rest.len() < 2 {
        return None;
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(rest).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_prefixes_are_stripped() {
        let stripped =
            |uri: &'static str| stripped(&Uri::from_static(uri)).map(|uri| uri.to_string());
        assert_eq!(
            stripped("/llm/v1/models?x=1").as_deref(),
            Some("/v1/models?x=1")
        );
        assert_eq!(stripped("/mcp/healthz").as_deref(), Some("/healthz"));
        for kept in ["/llmx/v1", "/llm", "/llm/", "/v1/llm/x", "/mcp"] {
            assert_eq!(stripped(kept), None, "{kept}");
        }
    }
}
