use std::ops::RangeInclusive;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jan_commands::media::{MediaShelf, disposition_of};
use jan_domain::id::MediaId;
use jan_domain::media::KeptMedia;

use crate::error::{ApiError, not_modified, partial};

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Who is to see the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Their owner, with a token.
    Owner,
    /// Pages of whoever was given a link.
    Anybody,
}

/// Hands out the bytes, or the one part of them that is asked for. Whatever they are, a browser runs
/// nothing of them, and nobody on the way keeps them.
pub(crate) async fn serve(
    shelf: &MediaShelf,
    (id, kept): (&MediaId, &KeptMedia),
    asked: &HeaderMap,
    audience: Audience,
) -> Result<Response, ApiError> {
    let tag = format!("\"{}\"", kept.content.sha256);
    let known = asked.get(header::IF_NONE_MATCH);
    let mut response = if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        not_modified()
    } else {
        let range = range_of(asked, kept.content.bytes)?;
        let bytes = shelf.bytes(id, kept).await?;
        part_of(bytes, range)
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, kept.content.media_type.as_str()),
        (header::CONTENT_DISPOSITION, &disposition_of(kept)),
        (header::ETAG, &tag),
    ] {
        let value = HeaderValue::from_str(value);
        headers.insert(name, value.map_err(|error| ApiError::internal(&error))?);
    }
    let policy = match audience {
        Audience::Owner => "same-origin",
        Audience::Anybody => "cross-origin",
    };
    for (name, value) in [
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (
            header::CONTENT_SECURITY_POLICY,
            "sandbox; default-src 'none'",
        ),
        (RESOURCE_POLICY, policy),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}

/// The part that `Range` asks for. One part only: many small ones would cost more than the whole.
fn range_of(asked: &HeaderMap, length: u64) -> Result<Option<RangeInclusive<u64>>, ApiError> {
    let Some(range) = asked.get(header::RANGE) else {
        return Ok(None);
    };
    let unsatisfiable = ApiError::range_not_satisfiable;
    let range = range.to_str().map_err(|_| unsatisfiable())?;
    let parsed = http_range_header::parse_range_header(range).map_err(|_| unsatisfiable())?;
    let ranges = parsed.validate(length).map_err(|_| unsatisfiable())?;
    match ranges.as_slice() {
        [range] => Ok(Some(range.clone())),
        _ => Err(unsatisfiable()),
    }
}

fn part_of(bytes: Bytes, range: Option<RangeInclusive<u64>>) -> Response {
    let Some(range) = range else {
        return Body::from(bytes).into_response();
    };
    let told = format!("bytes {}-{}/{}", range.start(), range.end(), bytes.len());
    let place = |byte: &u64| usize::try_from(*byte).expect("a range lies within the bytes");
    let part = bytes.slice(place(range.start())..=place(range.end()));
    let mut response = partial(Body::from(part).into_response());
    let told = HeaderValue::from_str(&told).expect("digits make a header");
    response.headers_mut().insert(header::CONTENT_RANGE, told);
    response
}
