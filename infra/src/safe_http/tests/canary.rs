use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A listener that counts who comes, and answers as it was told.
pub(super) struct Canary {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
    _singing: JoinSet<()>,
}

impl Canary {
    pub(super) async fn at(address: &str) -> Self {
        Self::answering(
            address,
            "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
        )
        .await
    }

    pub(super) async fn answering(address: &str, answer: impl Into<Vec<u8>>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, heard, answer) = (
            Arc::clone(&connections),
            Arc::clone(&requests),
            answer.into(),
        );
        let mut singing = JoinSet::new();
        singing.spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                seen.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4_096];
                let read = socket.read(&mut request).await.unwrap_or_default();
                let asked = String::from_utf8_lossy(&request[..read]).into_owned();
                let heard = heard.lock();
                heard.unwrap_or_else(PoisonError::into_inner).push(asked);
                drop(socket.write_all(&answer).await);
            }
        });
        Self {
            address,
            connections,
            requests,
            _singing: singing,
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    /// The heads of what it was asked.
    pub(super) fn requests(&self) -> Vec<String> {
        let heard = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        heard.clone()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
