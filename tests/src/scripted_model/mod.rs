//! The scripted model: an OpenAI-compatible HTTP server that obeys its prompt.
//!
//! No test may depend on what a real model feels like, so this one does what the last user message
//! says: `reply exactly X`, `call tool T with {…}`, `count to N`, `what is K?`, and it goes wrong on
//! request: `[fault=cut]`. [`GUIDE`] is the whole language. Equal requests get equal answers, ids
//! aside. Start reading at `chat`: pure code turns a request into a plan (`answer`), and `server`
//! carries the plan out.

mod answer;
mod bench;
mod chat;
mod directives;
mod embeddings;
mod fault;
mod faults;
mod history;
mod ledger;
mod models;
mod nulls;
mod options;
mod refusal;
mod reply;
mod request;
mod schema;
mod script;
mod server;
mod stage;
mod streaming;
#[cfg(test)]
mod tests;
mod wire;
mod writing;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::sleep;

pub use fault::FAKE_KEY;
pub use ledger::RecordedRequest;
pub use options::Options;

use stage::Stage;

/// The language of the prompts, as `scripted-model --help` prints it.
pub const GUIDE: &str = include_str!("guide.txt");

/// How often the `until_` functions look.
const GLANCE: Duration = Duration::from_millis(1);

/// A running scripted model. It stops when it is dropped, connections and all.
#[derive(Debug)]
pub struct ScriptedModel {
    address: SocketAddr,
    stage: Arc<Stage>,
    /// Holds the one task that serves; dropping the set aborts it.
    serving: JoinSet<()>,
}

impl ScriptedModel {
    /// Starts with default options on a free loopback port.
    ///
    /// # Panics
    ///
    /// If the machine has no free port.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// Starts on a free loopback port.
    ///
    /// # Panics
    ///
    /// If the machine has no free port.
    pub async fn start_with(options: Options) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::bind(address, options)
            .await
            .expect("a loopback port is free")
    }

    /// Starts on the given address; port 0 takes a free one.
    pub async fn bind(address: SocketAddr, options: Options) -> io::Result<Self> {
        Self::on(TcpListener::bind(address).await?, options)
    }

    /// Starts on a listener that was made before it: a port that was held closed, say.
    pub fn on(listener: TcpListener, options: Options) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let stage = Arc::new(Stage::new(options));
        let mut serving = JoinSet::new();
        serving.spawn(server::serve(listener, Arc::clone(&stage)));
        Ok(Self {
            address,
            stage,
            serving,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes as its base URL: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The requests of all endpoints, oldest first, at most `requests_kept_max` of them.
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.stage.ledger.requests()
    }

    /// Forgets the requests kept so far.
    pub fn forget_requests(&self) {
        self.stage.ledger.forget();
    }

    /// Requests that have arrived since the start.
    pub fn served(&self) -> usize {
        self.stage.ledger.served()
    }

    /// Requests whose answer has not ended.
    pub fn in_flight(&self) -> usize {
        self.stage.ledger.in_flight()
    }

    /// Requests whose client went away before the answer had ended.
    pub fn cancelled(&self) -> usize {
        self.stage.ledger.cancelled()
    }

    /// Waits until exactly this many requests are in flight. Callers bring their own timeout.
    pub async fn until_in_flight(&self, count: usize) {
        while self.in_flight() != count {
            sleep(GLANCE).await;
        }
    }

    /// Waits until at least this many clients went away early. Callers bring their own timeout.
    pub async fn until_cancelled(&self, count: usize) {
        while self.cancelled() < count {
            sleep(GLANCE).await;
        }
    }

    /// Stops and waits until the port is closed, so that the next connection is refused.
    pub async fn stop(mut self) {
        self.serving.shutdown().await;
    }
}
