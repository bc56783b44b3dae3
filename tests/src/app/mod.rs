//! The real application on a database of its own, with the scripted model behind it.

mod assembling;
mod closing;
mod setup;

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use jan_api::serve::serve;
use jan_api::wiring::{Application, sign_admin_token};
use jan_commands::store::OwnerKeys;
use jan_infra::identity::{MasterKeyRing, SigningKey};
use jan_projections::{EventFilter, EventTail, ProjectionOperator, StoredEvent};
use serde_json::Value;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::database::{Database, ground};
use crate::live::LiveClient;
use crate::own_directory::OwnDirectory;
use crate::request::{Client, Door};
use crate::scripted_model::ScriptedModel;
use crate::scripted_tools::ScriptedToolHost;

use self::assembling::assemble;
use self::closing::{Served, close, settle};
pub use self::setup::Setup;

/// How long an application may take for anything that tests wait for on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running application. It speaks as its first guest; [`Client::guest`] makes others.
///
/// When it goes, it asserts that no call is left without an ending and that no projection is behind
/// or has parked an event.
pub struct App {
    client: Client,
    door: Door,
    application: Option<Application>,
    served: Mutex<Vec<Served>>,
    world: Arc<World>,
    pool: PgPool,
}

/// What the nodes of one deployment have in common.
struct World {
    setup: Setup,
    key: SigningKey,
    master_key: String,
    masters: Arc<MasterKeyRing>,
    model: ScriptedModel,
    tools: ScriptedToolHost,
    database: Database,
    directory: OwnDirectory,
}

impl Deref for App {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl App {
    /// Starts on a database of its own.
    pub async fn start() -> Self {
        Self::start_with(Setup::default()).await
    }

    /// Starts otherwise.
    pub async fn start_with(setup: Setup) -> Self {
        let database = Database::fresh().await;
        let options = setup.model.clone();
        let model = ground().spawn(ScriptedModel::start_with(options));
        let master_key = MasterKeyRing::fresh();
        let masters = MasterKeyRing::parse(&master_key).expect("it is a key");
        let world = World {
            setup,
            key: SigningKey::ephemeral(),
            master_key,
            masters: Arc::new(masters),
            model: model.await.expect("the scripted model starts"),
            tools: ScriptedToolHost::new(),
            database,
            directory: OwnDirectory::fresh(),
        };
        Self::in_world(Arc::new(world)).await
    }

    /// Another process on the same database, with the same model and keys.
    pub async fn second_node(&self) -> Self {
        Self::in_world(Arc::clone(&self.world)).await
    }

    /// Another process that is set up otherwise; the model and the provider stay the same.
    pub async fn second_node_with(&self, setup: Setup) -> Self {
        let mut second = Self::assembled(Arc::clone(&self.world), setup).await;
        second.client = second.client.with_token(self.token());
        second
    }

    async fn in_world(world: Arc<World>) -> Self {
        let setup = world.setup.clone();
        let mut app = Self::assembled(world, setup).await;
        app.client = app.client.guest().await;
        app
    }

    async fn assembled(world: Arc<World>, setup: Setup) -> Self {
        let assembled = ground().spawn(assemble(Arc::clone(&world), setup));
        let assembled = assembled.await.expect("assembling does not panic");
        let (application, pool) = assembled.expect("an application");
        let door = Door::to(application.edge.clone());
        let client = Client::nobody(door.clone());
        world.model.forget_requests();
        Self {
            client,
            door,
            application: Some(application),
            served: Mutex::default(),
            world,
            pool,
        }
    }

    /// Somebody who may act on the deployment itself.
    pub fn administrator(&self) -> Client {
        let issuer = &self.application().state.authenticator.issuer;
        self.with_token(sign_admin_token(issuer.as_ref(), Duration::from_hours(1)))
    }

    /// The read models, as an operator handles them.
    pub fn projections(&self) -> ProjectionOperator {
        self.application().state.projections.clone()
    }

    /// The model behind it.
    pub fn model(&self) -> &ScriptedModel {
        &self.world.model
    }

    /// What it signs with: tokens, and seals of the log.
    pub fn signing_key(&self) -> &SigningKey {
        &self.world.key
    }

    /// The tools behind it, as long as nobody asked for real ones.
    pub fn tools(&self) -> &ScriptedToolHost {
        &self.world.tools
    }

    /// Its database.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Where the bytes of media lie.
    pub fn media_directory(&self) -> &Path {
        self.world.directory.path()
    }

    /// What wraps the keys of owners.
    pub fn master_key(&self) -> &str {
        &self.world.master_key
    }

    /// The keys of owners, as another process would have them.
    pub fn keys(&self) -> OwnerKeys {
        OwnerKeys::new(self.pool.clone(), self.world.masters.clone(), true)
    }

    /// The application itself.
    pub fn application(&self) -> &Application {
        self.application.as_ref().expect("it runs until dropped")
    }

    /// Serves on a free port of this machine until the application goes.
    pub async fn serve(&self) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        // A listener belongs to the runtime that made it.
        let listener = listener.into_std().expect("it is a socket");
        let application = self.application();
        let stop = CancellationToken::new();
        let (edge, limits) = (application.edge.clone(), application.state.server.limits);
        let (asked, tracker) = (stop.clone(), application.requests().clone());
        let ended = ground().spawn(async move {
            let listener = TcpListener::from_std(listener).expect("it is a socket");
            serve(listener, edge, limits, asked, tracker).await;
        });
        let mut served = self.served.lock().unwrap_or_else(PoisonError::into_inner);
        served.push(Served { stop, ended });
        address
    }

    /// A client of this application over a real socket, with its first guest's token.
    pub async fn live(&self) -> LiveClient {
        LiveClient::new(self.serve().await, self.token())
    }

    /// Waits until every projection has everything that is on record.
    pub async fn settle(&self) {
        let reads = self.application().state.reads.clone();
        let settled = ground().spawn(async move { settle(&reads).await });
        let settled = settled.await.expect("settling does not panic");
        settled.expect("the projections follow");
    }

    /// Everything on record, oldest first.
    pub async fn events(&self) -> Vec<StoredEvent> {
        let tail = EventTail::new(self.pool.clone()).opening(Arc::new(self.keys()));
        let events =
            ground().spawn(async move { tail.last(1_000_000, &EventFilter::default()).await });
        let events = events.await.expect("reading does not panic");
        events.expect("the log can be read")
    }

    /// The records of one stream.
    pub async fn events_of(&self, aggregate_id: &str) -> Vec<StoredEvent> {
        let mut events = self.events().await;
        events.retain(|event| event.aggregate_id == aggregate_id);
        events
    }

    /// Waits until a stream has a record of this type, and gives what it tells.
    ///
    /// # Panics
    ///
    /// If it does not come.
    pub async fn until_recorded(&self, aggregate_id: &str, kind: &str) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let events = self.events_of(aggregate_id).await;
            if let Some(event) = events.iter().find(|event| event.event_type == kind) {
                return told_by(event);
            }
            let told: Vec<_> = events.iter().map(|event| &event.event_type).collect();
            assert!(
                tokio::time::Instant::now() < deadline,
                "{aggregate_id} has no {kind}, but {told:?}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// What a record tells: its payload without the name of its variant.
pub fn told_by(event: &StoredEvent) -> Value {
    let payload: Value = serde_json::from_str(&event.payload).expect("payloads are JSON");
    let variant = payload
        .as_object()
        .and_then(|variant| variant.values().next());
    variant.expect("a payload is one variant").clone()
}

impl Drop for App {
    fn drop(&mut self) {
        self.door.close();
        let Some(application) = self.application.take() else {
            return;
        };
        let served = self
            .served
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let served = std::mem::take(served);
        let world = Arc::clone(&self.world);
        let last = Arc::strong_count(&world) == 2;
        let pool = self.pool.clone();
        let (tell, told) = mpsc::channel();
        ground().spawn(async move {
            let closed = close(application, served, last.then_some(pool)).await;
            drop(world);
            // A test that has failed already does not wait for this.
            let _nobody_asks = tell.send(closed);
        });
        if std::thread::panicking() {
            return;
        }
        match told.recv_timeout(3 * PATIENCE) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => panic!("the application left something behind: {error:#}"),
            Err(mpsc::RecvTimeoutError::Timeout | mpsc::RecvTimeoutError::Disconnected) => {
                panic!("the application does not end")
            }
        }
    }
}
