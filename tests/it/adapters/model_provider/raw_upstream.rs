//! An upstream that says exactly the bytes a test wants, for what no honest server would do.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What is said in answer to each request, piece by piece with a pause between, whatever is asked.
/// `closes`: hang up afterwards.
#[derive(Clone)]
pub(super) struct Speech {
    pub(super) pieces: Vec<Vec<u8>>,
    pub(super) pause: Duration,
    pub(super) closes: bool,
}

pub(super) struct RawUpstream {
    pub(super) base_url: String,
    counts: Arc<Counts>,
    _serving: JoinSet<()>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    closed: AtomicUsize,
    requests: AtomicUsize,
}

impl Speech {
    pub(super) fn of(pieces: &[&[u8]]) -> Self {
        let pieces = pieces.iter().map(|piece| piece.to_vec()).collect();
        Self {
            pieces,
            pause: Duration::ZERO,
            closes: true,
        }
    }

    /// A streamed answer, chunked as HTTP does it, one chunk per piece.
    pub(super) fn stream(chunks: &[&[u8]]) -> Self {
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut pieces = vec![head.to_vec()];
        for chunk in chunks {
            pieces.push([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        }
        pieces.push(b"0\r\n\r\n".to_vec());
        Self {
            pieces,
            pause: Duration::ZERO,
            closes: false,
        }
    }

    /// An answer in one body.
    pub(super) fn whole(head: &str, body: &str) -> Self {
        let text = format!(
            "HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        Self {
            pieces: vec![text.into_bytes()],
            pause: Duration::ZERO,
            closes: false,
        }
    }
}

impl RawUpstream {
    pub(super) async fn saying(speech: Speech) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port");
        let address = listener
            .local_addr()
            .expect("a bound listener has an address");
        let base_url = format!("http://{address}/v1");
        let counts = Arc::new(Counts::default());
        let counting = Arc::clone(&counts);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counting.connections.fetch_add(1, Ordering::SeqCst);
                talks.spawn(talk(stream, speech.clone(), Arc::clone(&counting)));
            }
        });
        Self {
            base_url,
            counts,
            _serving: serving,
        }
    }

    pub(super) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// Connections that we have closed.
    pub(super) fn closed(&self) -> usize {
        self.counts.closed.load(Ordering::SeqCst)
    }

    pub(super) fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }
}

async fn talk(stream: TcpStream, speech: Speech, counts: Arc<Counts>) {
    stream.set_nodelay(true).expect("an open connection");
    answer(stream, speech, &counts.requests).await;
    counts.closed.fetch_add(1, Ordering::SeqCst);
}

/// Tests send small requests, so one read takes one whole request.
async fn answer(mut stream: TcpStream, speech: Speech, requests: &AtomicUsize) {
    let mut request = vec![0; 64 << 10];
    while let Ok(1..) = stream.read(&mut request).await {
        requests.fetch_add(1, Ordering::SeqCst);
        for piece in &speech.pieces {
            if stream.write_all(piece).await.is_err() {
                return;
            }
            if !speech.pause.is_zero() {
                sleep(speech.pause).await;
            }
        }
        if speech.closes {
            return;
        }
    }
}
