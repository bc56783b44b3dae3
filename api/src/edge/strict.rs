//! What hyper lets pass and a strict server must not: ambiguous framing and ambiguous hosts.

use http::{Method, Request, Version, header};

use crate::error::ApiError;

/// Longest path with its query, in bytes.
const URI_BYTES_MAX: usize = 8 * 1024;

/// Refuses requests that two servers could read differently.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), ApiError> {
    let headers = request.headers();
    if headers.get_all(header::CONTENT_LENGTH).iter().count() > 1 {
        return Err(ApiError::malformed("There may be only one Content-Length."));
    }
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, None) if request.version() == Version::HTTP_11 => {
            return Err(ApiError::malformed("The Host header is missing."));
        }
        (Some(_), Some(_)) => return Err(ApiError::malformed("There may be only one Host.")),
        (Some(host), None) if !host.as_bytes().iter().all(|byte| allowed_in_host(*byte)) => {
            return Err(ApiError::malformed("The Host header is not a host."));
        }
        _ => {}
    }
    if matches!(*request.method(), Method::TRACE | Method::CONNECT) {
        return Err(ApiError::method_not_allowed(request.method()));
    }
    let uri = request.uri();
    let length = uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    if length > URI_BYTES_MAX {
        return Err(ApiError::malformed("The URL is too long."));
    }
    Ok(())
}

/// Whether the connection must end with this request. hyper drops the Content-Length of a chunked
/// request before we can see that it had both, so what follows any chunked body is never believed
/// to be another request.
pub(super) fn is_last_of_its_connection<B>(request: &Request<B>) -> bool {
    request.headers().contains_key(header::TRANSFER_ENCODING)
}

fn allowed_in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
}
