use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A listener that counts who comes, and answers as it was told.
pub(super) struct Canary {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
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

    pub(super) async fn answering(address: &str, answer: impl Into<String>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (seen, answer) = (Arc::clone(&connections), answer.into());
        let mut singing = JoinSet::new();
        singing.spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                seen.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 4_096];
                drop(socket.read(&mut request).await);
                drop(socket.write_all(answer.as_bytes()).await);
            }
        });
        Self {
            address,
            connections,
            _singing: singing,
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.address.port()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
