//! The scripted tools: a real MCP server over HTTP, in both eras, that does what its arguments say,
//! goes wrong on request, and keeps a ledger of what it did.
//!
//! The [`Ledger`] is the receiver's own account: how often a tool that must run once did run, and
//! under which key. It can be a file, which survives the server. [`GUIDE`] is the whole language.
//! [`ScriptedToolHost`] is the same behind the port itself, without a wire, for tests of whoever
//! calls tools. Start reading at `script`: pure code turns a call into what becomes of it.

mod catalog;
mod door;
mod faults;
mod handler;
mod host;
mod ledger;
mod options;
mod performance;
mod script;
mod stage;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jan_domain::ports::{ToolPlace, ToolServer};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use host::ScriptedToolHost;
pub use ledger::{Entry, Ledger};
pub use options::{Era, Options};

use stage::Stage;

/// The language of the arguments, as `scripted-tools --help` prints it.
pub const GUIDE: &str = include_str!("guide.txt");

/// A running tool server. It stops when it is dropped, connections and all.
pub struct ScriptedTools {
    address: SocketAddr,
    stage: Arc<Stage>,
    /// Holds the one task that serves; dropping the set aborts it.
    serving: JoinSet<()>,
}

impl ScriptedTools {
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
    /// If the machine has no free port, or the ledger's file cannot be used.
    pub async fn start_with(options: Options) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self::bind(address, options)
            .await
            .expect("a loopback port is free and the ledger's file can be used")
    }

    /// Starts on the given address; port 0 takes a free one.
    pub async fn bind(address: SocketAddr, options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let stage = Arc::new(Stage::new(options)?);
        let router = door::router(Arc::clone(&stage));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            // It serves until it is aborted.
            drop(axum::serve(listener, router).await);
        });
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

    /// Its MCP endpoint.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// The endpoint as a server that a caller names, without credentials.
    pub fn remote(&self, label: &str) -> ToolServer {
        ToolServer {
            label: label.to_owned(),
            place: ToolPlace::Remote {
                url: self.url(),
                authorization: None,
                headers: Vec::new(),
            },
        }
    }

    /// What it did.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.stage.ledger
    }

    /// Lists that were asked for, pages counted one by one.
    pub fn lists(&self) -> usize {
        self.stage.lists.load(Ordering::SeqCst)
    }

    /// Sessions and versions that were agreed on.
    pub fn openings(&self) -> usize {
        self.stage.openings.load(Ordering::SeqCst)
    }

    /// The headers of every request so far, in order, names in lower case.
    pub fn headers(&self) -> Vec<Vec<(String, String)>> {
        self.stage.headers()
    }

    /// Offers one more tool from now on.
    pub fn change_list(&self) {
        self.stage.changed.store(true, Ordering::SeqCst);
    }

    /// Describes `charge` otherwise from now on, and asks for more.
    pub fn twist_list(&self) {
        self.stage.twisted.store(true, Ordering::SeqCst);
    }

    /// Forgets all sessions, as a restart does.
    pub fn expire_sessions(&self) {
        self.stage.expire_sessions();
    }

    /// Stops and waits until the port is closed, so that the next connection is refused.
    pub async fn stop(mut self) {
        self.serving.shutdown().await;
    }
}
