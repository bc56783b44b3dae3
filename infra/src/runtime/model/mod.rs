//! A model of our own: llama.cpp's HTTP server as a supervised child on a loopback port.

pub(crate) mod locate;
mod serve;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::serve::ModelPlan;
use super::lock::InstanceLock;
use super::supervisor::{ChildState, Supervised};
use super::{RuntimeError, RuntimeSettings, claim_data_dir};

/// A running, supervised model server that speaks OpenAI's protocol.
///
/// Dropping it stops the server in the background; [`stop`](Self::stop) waits for that.
#[derive(Debug)]
#[must_use = "dropping it stops the model server"]
pub struct LocalModel {
    supervised: Supervised,
    port: u16,
    model_id: String,
}

impl LocalModel {
    /// Starts the model server and returns when the model is loaded. A `llama-server` of the
    /// machine that cannot serve it gives way to the wheel. The address stays the same over
    /// restarts. See [`EmbeddedPostgres::start`](super::EmbeddedPostgres::start) for the
    /// tracker and the token.
    pub async fn start(
        settings: &RuntimeSettings,
        tracker: &TaskTracker,
        cancel: &CancellationToken,
    ) -> Result<Self, RuntimeError> {
        let data_dir = claim_data_dir(&settings.data_dir)?;
        let lock = Arc::new(InstanceLock::take(&data_dir, "llama")?);
        let model = locate::choose_model(settings)?;
        let model = std::path::absolute(&model).map_err(RuntimeError::io("find", &model))?;
        let plan = |server, port| ModelPlan {
            server,
            model: model.clone(),
            settings: settings.model.clone(),
            port,
            data_dir: data_dir.clone(),
            client: health_client(),
            _lock: Arc::clone(&lock),
        };
        let mut failure = RuntimeError::ModelServerMissing;
        for server in locate::find_servers(settings).await {
            let port = free_port()?;
            tracing::info!("serving {} with {server} on port {port}", model.display());
            match Supervised::start(plan(server, port), tracker, cancel).await {
                Ok(supervised) => {
                    let model_id = settings.model.alias.clone();
                    return Ok(Self {
                        supervised,
                        port,
                        model_id,
                    });
                }
                Err(error) => {
                    tracing::warn!("{error}");
                    failure = error;
                }
            }
        }
        Err(failure)
    }

    /// Where OpenAI's paths begin, such as `http://127.0.0.1:40123/v1`.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The model's id in requests.
    pub fn model_id(&self) -> &str {
        &self.model_id
    }

    /// What the model server is doing, now and later.
    pub fn state(&self) -> watch::Receiver<ChildState> {
        self.supervised.state()
    }

    /// Stops the model server and waits until it is gone.
    pub async fn stop(self) {
        self.supervised.stop().await;
    }
}

/// A port that is free now. Another program can take it before the child does; then the child
/// ends, and says so.
fn free_port() -> Result<u16, RuntimeError> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    let address = address.map_err(RuntimeError::io("listen on", Path::new("127.0.0.1")))?;
    Ok(address.port())
}

/// Speaks plain HTTP to loopback only: no proxy, and no certificates to load.
fn health_client() -> reqwest::Client {
    // Another part of the server may have chosen already; it is the same choice.
    let _already = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .expect("a client without certificates and proxies has nothing that can fail")
}
