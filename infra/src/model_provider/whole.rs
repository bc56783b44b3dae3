use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jan_domain::ports::ProviderFailure;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

/// Reads an answer that is not streamed, up to a size.
pub(super) async fn read_whole(
    mut response: Response,
    first_byte_deadline: Instant,
    silence: Duration,
    bytes_max: usize,
) -> Result<Bytes, ProviderFailure> {
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    let mut deadline = first_byte_deadline;
    loop {
        let chunk = match timeout_at(deadline, response.chunk()).await {
            Err(_) => return Err(ProviderFailure::Stalled),
            Ok(Err(_)) => return Err(ProviderFailure::Cut),
            Ok(Ok(None)) => break,
            Ok(Ok(Some(chunk))) => chunk,
        };
        if first.len() + more.len() + chunk.len() > bytes_max {
            return Err(ProviderFailure::Garbled);
        }
        if first.is_empty() {
            first = chunk;
        } else {
            more.extend_from_slice(&chunk);
        }
        deadline = Instant::now() + silence;
    }
    if more.is_empty() {
        return Ok(first);
    }
    Ok([first, more.freeze()].concat().into())
}
