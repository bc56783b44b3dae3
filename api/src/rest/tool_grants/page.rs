use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, header};
use jan_domain::ports::AwaitedAuthorization;
use sha2::{Digest, Sha256};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem;\
color-scheme:light dark}code{overflow-wrap:anywhere}button{font:inherit;padding:.5rem 1rem}";

/// Nothing runs, nothing is fetched, and the form goes nowhere else.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
});

/// Asks whether this account is to be let in there.
pub(super) fn question(
    awaited: &AwaitedAuthorization,
    state: &str,
    code: &str,
    issuer: Option<&str>,
) -> Response {
    let mut text = format!(
        "<p>The account <code>{}</code> of this Jan Server will be able to act as you at the tool \
         server <code>{}</code>.</p><p>Go on only if you have started this yourself, and this is your \
         account.</p><form method=\"post\" action=\"callback\">",
        escaped(awaited.account.as_str()),
        escaped(&awaited.server),
    );
    for (name, value) in [
        ("state", state),
        ("code", code),
        ("iss", issuer.unwrap_or_default()),
    ] {
        // Writing to a string cannot fail.
        let _written = write!(
            text,
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            escaped(value)
        );
    }
    text.push_str("<button>Let it in</button></form>");
    page("Let Jan Server in?", &text)
}

/// It is done.
pub(super) fn done(opened: &AwaitedAuthorization) -> Response {
    let text = format!(
        "<p>The account <code>{}</code> can now use the tool server <code>{}</code>. You can close \
         this page.</p>",
        escaped(opened.account.as_str()),
        escaped(&opened.server),
    );
    page("Done", &text)
}

/// It is not, and why.
pub(super) fn failed(why: &str) -> Response {
    page("That did not work", &format!("<p>{}</p>", escaped(why)))
}

fn page(title: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>\
         {text}</html>"
    );
    let mut response = html.into_response();
    let told: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, &POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in told {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_that_is_shown_is_markup() {
        assert_eq!(
            escaped("<a href=\"x\" b='&'>"),
            "&lt;a href=&quot;x&quot; b=&#39;&amp;&#39;&gt;"
        );
    }
}
