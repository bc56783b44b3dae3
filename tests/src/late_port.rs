use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// A loopback port that is ours and refuses every connection until it is opened.
///
/// A port that was given back and taken again may be somebody else's in between.
pub struct LatePort(TcpSocket);

impl LatePort {
    /// Holds a free port.
    ///
    /// # Panics
    ///
    /// If the machine has no free port.
    pub fn held() -> Self {
        let socket = TcpSocket::new_v4().expect("the machine has sockets");
        socket
            .bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .expect("a loopback port is free");
        Self(socket)
    }

    /// Where it is.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }

    /// What a client takes as the base URL of a model there: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> io::Result<String> {
        Ok(format!("http://{}/v1", self.address()?))
    }

    /// Accepts connections from now on.
    pub fn open(self) -> io::Result<TcpListener> {
        self.0.listen(128)
    }
}
