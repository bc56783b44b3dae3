//! What comes over the wire that no client library sends: raw sockets against the serving loop.

mod framing;
mod patience;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest any answer may take here.
const PATIENCE: Duration = Duration::from_secs(15);

/// Sends bytes and reads until the server closes the connection.
async fn exchange(address: SocketAddr, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    read.expect("the server closes the connection").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer as it stands on the wire.
fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or("none")
}
