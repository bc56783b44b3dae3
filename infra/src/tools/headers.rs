//! Which headers of a caller's go out to the server it names. A list of what may, because what may
//! not grows with every proxy on the way.

use std::collections::HashMap;

use jan_domain::ports::Credential;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::settings::ToolSetupError;

/// Headers in which servers expect keys, and harmless ones.
const ALLOWED: [&str; 6] = [
    "authorization",
    "api-key",
    "apikey",
    "private-token",
    "accept-language",
    "user-agent",
];
/// Of the `x-` headers, those by which proxies are told lies, and our own.
const NEVER_X: [&str; 9] = [
    "x-forwarded",
    "x-real-ip",
    "x-original",
    "x-rewrite",
    "x-accel",
    "x-http-method",
    "x-method-override",
    "x-sendfile",
    "x-jan-",
];
/// What an operator cannot allow either: framing, cookies, and what the protocol itself says.
const NEVER: [&str; 16] = [
    "host",
    "content-",
    "connection",
    "cookie",
    "proxy-",
    "mcp-",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "accept",
    "last-event-id",
    "expect",
    "forwarded",
    "traceparent",
];

/// What callers may send.
#[derive(Debug, Clone, Default)]
pub(super) struct CallerHeaders {
    further: Vec<HeaderName>,
}

impl CallerHeaders {
    /// The usual ones and the operator's.
    pub(super) fn try_new(further: &[String]) -> Result<Self, ToolSetupError> {
        let name = |text: &String| {
            let name = HeaderName::try_from(text.as_str()).ok();
            name.filter(|name| !is_never(name.as_str())).ok_or_else(|| {
                ToolSetupError::CallerHeader {
                    header: text.clone(),
                }
            })
        };
        let further = further.iter().map(name).collect::<Result<_, _>>()?;
        Ok(Self { further })
    }

    /// The headers that go out, marked as sensitive. Others are left out with a word in the log.
    pub(super) fn pick(
        &self,
        server: &str,
        headers: &[(String, Credential)],
    ) -> HashMap<HeaderName, HeaderValue> {
        let mut picked = HashMap::with_capacity(headers.len());
        for (name, value) in headers {
            let header = HeaderName::try_from(name.as_str()).ok();
            let header = header.filter(|name| self.allows(name));
            let value = HeaderValue::try_from(value.reveal()).ok();
            let Some((name, mut value)) = header.zip(value) else {
                tracing::warn!(
                    tool_server.label = server,
                    "a header for a tool server is left out: its name is not allowed, or its value no header's"
                );
                continue;
            };
            value.set_sensitive(true);
            picked.insert(name, value);
        }
        picked
    }

    fn allows(&self, header: &HeaderName) -> bool {
        let name = header.as_str();
        let usual = ALLOWED.contains(&name)
            || name.starts_with("x-") && !NEVER_X.iter().any(|never| name.starts_with(never));
        !is_never(name) && (usual || self.further.contains(header))
    }
}

/// A bearer token as a header's value.
pub(super) fn bearer(token: &str) -> Option<(HeaderName, HeaderValue)> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
    value.set_sensitive(true);
    Some((AUTHORIZATION, value))
}

fn is_never(name: &str) -> bool {
    NEVER.iter().any(|never| {
        if never.ends_with('-') {
            name.starts_with(never)
        } else {
            name == *never
        }
    }) || name.starts_with("x-jan-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(further: &[&str], names: &[&str]) -> Vec<String> {
        let further: Vec<String> = further.iter().map(|&name| name.to_owned()).collect();
        let headers: Vec<_> = names
            .iter()
            .map(|&name| (name.to_owned(), Credential::new("v".to_owned())))
            .collect();
        let picked = CallerHeaders::try_new(&further)
            .unwrap()
            .pick("s", &headers);
        let mut names: Vec<_> = picked.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    #[test]
    fn keys_go_out_and_lies_do_not() {
        let names = picked(
            &["Notion-Version"],
            &[
                "Authorization",
                "X-Api-Key",
                "X-Subscription-Token",
                "Notion-Version",
                "Host",
                "Content-Length",
                "Content-Type",
                "Connection",
                "Cookie",
                "Proxy-Authorization",
                "Mcp-Session-Id",
                "mcp-protocol-version",
                "Transfer-Encoding",
                "TE",
                "Upgrade",
                "X-Forwarded-For",
                "X-Real-IP",
                "X-Jan-Tool-Depth",
                "X-Original-URL",
                "Forwarded",
                "Accept",
                "Last-Event-ID",
                "traceparent",
                "Unheard-Of",
                "no header",
                "x-\r\n",
                "",
            ],
        );
        assert_eq!(
            names,
            [
                "authorization",
                "notion-version",
                "x-api-key",
                "x-subscription-token"
            ]
        );
    }

    #[test]
    fn a_value_that_is_no_header_is_left_out() {
        let headers = [(
            "x-key".to_owned(),
            Credential::new("a\r\nhost: b".to_owned()),
        )];
        assert!(CallerHeaders::default().pick("s", &headers).is_empty());
    }

    #[test]
    fn an_operator_cannot_allow_what_breaks_the_protocol() {
        for name in [
            "host",
            "Cookie",
            "mcp-session-id",
            "x-jan-tool-depth",
            "a b",
            "",
        ] {
            assert!(
                CallerHeaders::try_new(&[name.to_owned()]).is_err(),
                "{name}"
            );
        }
    }
}
