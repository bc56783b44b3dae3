use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::ToolFailure;
use rmcp::ServiceError;
use rmcp::model::{
    CancelledNotification, CancelledNotificationParam, ClientCapabilities, ClientConfig,
    ClientNotification, ClientRequest, GetExtensions, Implementation, ProtocolVersion, RequestId,
    ServerResult,
};
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt, Peer, PeerRequestOptions, RoleClient, RunningService,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::common::client_side_sse::ExponentialBackoff;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::challenge::Challenge;
use super::endpoint::Endpoint;
use super::failure;
use super::wire::{Note, Wire};

/// Requests of one session at once; more wait their turn, and the wait counts as time.
const REQUESTS_MAX: usize = 256;
/// An answer on the wire may be so many times larger than what it says: escapes, images, metadata.
const WIRE_FACTOR: usize = 8;
/// A page in place of an answer is not read further than this.
const ERROR_PAGE_BYTES_MAX: usize = 4 << 10;
/// How often a broken stream of a legacy server is taken up again, where the server offers it.
const RESUMPTIONS_MAX: usize = 2;

type Running = RunningService<RoleClient, ClientConfig>;

/// An understanding with a server: its era, its version, and in the legacy era its session.
pub(super) struct Session {
    running: Running,
    /// What the server says when it refuses credentials.
    challenge: Arc<Challenge>,
    /// Tells servers about abandoned requests.
    farewells: TaskTracker,
}

impl Session {
    /// Asks for the server's era and agrees on a version. Old servers that answer anything to
    /// anything are taken for what they are.
    pub(super) async fn open(
        endpoint: &Endpoint,
        farewells: TaskTracker,
    ) -> Result<Self, ToolFailure> {
        let either_era = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
        };
        let opening = async {
            match begin(endpoint, either_era).await {
                Err(ToolFailure::Garbled) => begin(endpoint, ClientLifecycleMode::Initialize).await,
                begun => begun,
            }
        };
        let opening = tokio::time::timeout(endpoint.limits.list, opening).await;
        let running = opening.unwrap_or(Err(ToolFailure::TimedOut))?;
        Ok(Self {
            running,
            challenge: Arc::clone(&endpoint.challenge),
            farewells,
        })
    }

    /// The version of the protocol that was agreed on.
    pub(super) fn version(&self) -> Option<String> {
        let info = self.running.peer().peer_info()?;
        Some(info.protocol_version.to_string())
    }

    /// What the server said when it last refused our credentials.
    pub(super) fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// Whether nothing can be asked any more.
    pub(super) fn is_closed(&self) -> bool {
        self.running.is_closed() || self.running.is_transport_closed()
    }

    /// Asks once. Whoever drops the future takes the request back: its exchange is closed, and a
    /// server of the legacy era is told.
    pub(super) async fn request(
        &self,
        mut request: ClientRequest,
        note: Note,
    ) -> Result<ServerResult, ServiceError> {
        request.extensions_mut().insert(note);
        let peer = self.running.peer();
        let options = PeerRequestOptions::no_options();
        let handle = peer.send_request_with_option(request, options).await?;
        let mut guard = Unanswered {
            request: Some(handle.id.clone()),
            peer,
            farewells: &self.farewells,
        };
        let answer = handle.await_response().await;
        guard.request = None;
        answer
    }
}

async fn begin(endpoint: &Endpoint, eras: ClientLifecycleMode) -> Result<Running, ToolFailure> {
    let client = Wire {
        client: endpoint.client.clone(),
        challenge: Arc::clone(&endpoint.challenge),
    };
    let transport = StreamableHttpClientTransport::with_client(client, config(endpoint));
    let begun = ourselves().serve_with_lifecycle(transport, eras).await;
    begun.map_err(|error| failure::of_opening(endpoint, error))
}

/// What we say of ourselves. We can do nothing that a server might ask of us.
fn ourselves() -> ClientConfig {
    ClientConfig::new(
        ClientCapabilities::default(),
        Implementation::new("jan-server", env!("CARGO_PKG_VERSION")),
    )
}

fn config(endpoint: &Endpoint) -> StreamableHttpClientTransportConfig {
    let most = endpoint.limits.result_bytes_max.saturating_mul(WIRE_FACTOR);
    let mut config = StreamableHttpClientTransportConfig::with_uri(Arc::clone(&endpoint.url))
        .custom_headers(endpoint.headers.clone())
        .max_concurrent_requests(REQUESTS_MAX)
        .max_sse_event_size(most)
        .max_json_response_size(most)
        .max_error_response_size(ERROR_PAGE_BYTES_MAX)
        // A forgotten session is opened again by us, once, where it is known what was sent.
        .reinit_on_expired_session(false);
    let mut resumption = ExponentialBackoff::default();
    resumption.max_times = Some(RESUMPTIONS_MAX);
    resumption.max_delay = Some(Duration::from_secs(2));
    config.retry_config = Arc::new(resumption);
    config
}

/// A request that nobody waits for any more when this is dropped.
struct Unanswered<'a> {
    request: Option<RequestId>,
    peer: &'a Peer<RoleClient>,
    farewells: &'a TaskTracker,
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        let (Some(request), Ok(runtime)) = (self.request.take(), Handle::try_current()) else {
            return;
        };
        let peer = self.peer.clone();
        let farewell = async move {
            let cancelled = CancelledNotification::new(CancelledNotificationParam::new(
                Some(request),
                Some("nobody waits for the answer any more".to_owned()),
            ));
            let notification = ClientNotification::CancelledNotification(cancelled);
            // A session that is gone takes its requests with it.
            drop(peer.send_notification(notification).await);
        };
        self.farewells.spawn_on(farewell, &runtime);
    }
}
