//! The cheapest client that can tell a right answer from a wrong one: one socket, HTTP/1.1 with
//! keep-alive, a known length or chunks.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const READ_BYTES: usize = 16 * 1024;

/// One keep-alive connection.
pub(super) struct Connection {
    socket: TcpStream,
    /// What was read and not yet understood.
    unread: Vec<u8>,
}

/// An answer and when it came.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// From sending the request to the first bytes of the body.
    pub(super) first_bytes: Duration,
    /// From sending the request to the end of the body.
    pub(super) took: Duration,
}

/// A request as it goes over the wire.
pub(super) fn request(path: &str, token: Option<&str>, body: &str) -> Vec<u8> {
    let authorization = token.map_or_else(String::new, |token| {
        format!("authorization: Bearer {token}\r\n")
    });
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\n\
         {authorization}content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self {
            socket,
            unread: Vec::with_capacity(READ_BYTES),
        })
    }

    pub(super) async fn call(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.call_hearing(request, &mut |_| ()).await
    }

    /// Calls, and lets `heard` look at the body whenever more of it has come.
    pub(super) async fn call_hearing(
        &mut self,
        request: &[u8],
        heard: &mut (dyn FnMut(&[u8]) + Send),
    ) -> anyhow::Result<Answer> {
        let began = Instant::now();
        self.socket.write_all(request).await?;
        let told = self.head().await?;
        let mut body = Vec::new();
        let mut first_bytes = None;
        match told.length {
            Length::Known(length) => {
                while body.len() < length {
                    self.move_up_to(length - body.len(), &mut body).await?;
                    heard(&body);
                    first_bytes.get_or_insert_with(|| began.elapsed());
                }
            }
            Length::Chunks => loop {
                let length = self.chunk_length().await?;
                let end = body.len() + length;
                while body.len() < end {
                    self.move_up_to(end - body.len(), &mut body).await?;
                    heard(&body);
                    first_bytes.get_or_insert_with(|| began.elapsed());
                }
                ensure!(self.line().await?.is_empty(), "a chunk ends with its line");
                if length == 0 {
                    break;
                }
            },
        }
        let took = began.elapsed();
        Ok(Answer {
            status: told.status,
            body,
            first_bytes: first_bytes.unwrap_or(took),
            took,
        })
    }

    async fn head(&mut self) -> anyhow::Result<Head> {
        let line = self.line().await?;
        let status = line.split(' ').nth(1).context("no status")?.parse()?;
        let mut length = Length::Known(0);
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                return Ok(Head { status, length });
            }
            let (name, value) = line.split_once(':').context("no header")?;
            if name.eq_ignore_ascii_case("content-length") {
                length = Length::Known(value.trim().parse()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                length = Length::Chunks;
            }
        }
    }

    async fn chunk_length(&mut self) -> anyhow::Result<usize> {
        let line = self.line().await?;
        usize::from_str_radix(line.trim(), 16).context("no chunk length")
    }

    /// The next line without its end.
    async fn line(&mut self) -> anyhow::Result<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let line = std::str::from_utf8(&line)?;
                return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
            }
            self.read().await?;
        }
    }

    async fn move_up_to(&mut self, most: usize, body: &mut Vec<u8>) -> anyhow::Result<()> {
        if self.unread.is_empty() {
            self.read().await?;
        }
        let count = most.min(self.unread.len());
        body.extend(self.unread.drain(..count));
        Ok(())
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        if self.socket.read_buf(&mut self.unread).await? == 0 {
            bail!("the connection was closed in the middle of an answer");
        }
        Ok(())
    }
}

struct Head {
    status: u16,
    length: Length,
}

enum Length {
    Known(usize),
    Chunks,
}
