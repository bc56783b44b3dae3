use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jan_commands::crash::CrashPoints;
use jan_commands::store::{CodeSessions, PageCache};
use jan_domain::ports::{KeyFailure, ToolHost};
use jan_infra::code::{PythonExec, select_runner};
use jan_infra::config::Config;
use jan_infra::database::{self, DatabaseError, Pool, PoolError};
use jan_infra::identity::{
    AuditKey, KeySeal, MasterKeyError, OwnIssuer, SigningKey, SigningKeyError,
};
use jan_infra::media::{MediaSetupError, S3SetupError};
use jan_infra::model_provider::{ProviderCatalog, ProviderSettings, ProviderSetupError};
use jan_infra::runtime::{EmbeddedPostgres, LocalModel, RuntimeError};
use jan_infra::safe_http::{FetchSettings, OwnPlaces};
use jan_infra::scrape::ScrapeSettings;
use jan_infra::search::SearchSetupError;
use jan_infra::telemetry::Telemetry;
use jan_infra::tools::{McpToolHost, ToolSettings, ToolSetupError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::mcp_door::found_at;
use super::media::object_store;
use super::owner_keys::owner_keys;
use super::{
    Application, Blueprint, MediaRoom, builtin_tools, code_sessions, introspection, mcp_door,
    retention_terms, search_places, tool_servers,
};
use crate::serve::serve;

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The embedded database or model.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A key that tokens or seals are signed with.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// The keys that wrap the keys of owners.
    #[error(transparent)]
    MasterKeys(#[from] MasterKeyError),
    /// The keys of owners.
    #[error(transparent)]
    OwnerKeys(#[from] KeyFailure),
    /// A model provider's settings.
    #[error(transparent)]
    Provider(#[from] ProviderSetupError),
    /// The settings of tools.
    #[error(transparent)]
    Tools(#[from] ToolSetupError),
    /// The settings of search.
    #[error(transparent)]
    Search(#[from] SearchSetupError),
    /// What media is kept with.
    #[error(transparent)]
    Media(#[from] MediaSetupError),
    /// The bucket that media is to lie in.
    #[error(transparent)]
    S3(#[from] S3SetupError),
    /// The first words with the database.
    #[error("the database could not be used")]
    FirstUse(#[from] PoolError),
    /// The address.
    #[error(
        "cannot listen on {address} (end the program that does, or choose another address with \
         --port and --bind)"
    )]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// What a tool call is given beyond its own limit, so that the host's word for it is heard.
const GRACE: Duration = Duration::from_secs(1);

/// Children and background work of the process, ended after the last request.
#[derive(Default)]
struct Ground {
    tracker: TaskTracker,
    stop: CancellationToken,
    postgres: Option<EmbeddedPostgres>,
    model: Option<LocalModel>,
}

/// What serving needs to know.
pub struct Serving<'a> {
    /// All settings.
    pub config: &'a Config,
    /// Where metrics come from.
    pub telemetry: &'a Telemetry,
    /// Where tests make the process die.
    pub crash: CrashPoints,
    /// Ends it all, in order.
    pub stop: CancellationToken,
}

/// Starts everything, serves until told to stop, and ends everything in order.
///
/// `started` is called once with the address and the models on offer when requests are answered.
pub async fn serve_until(
    serving: Serving<'_>,
    started: impl FnOnce(SocketAddr, Vec<String>),
) -> Result<(), ServeError> {
    let address = serving.config.server.address();
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| ServeError::Listen { address, source })?;
    let mut ground = Ground::default();
    let stop = serving.stop.clone();
    let application = tokio::select! {
        application = start(&mut ground, &serving, listener.local_addr().unwrap_or(address)) => application.map(Some),
        // Whatever is still starting is ended with the rest of the ground.
        () = stop.cancelled() => Ok(None),
    };
    if let Ok(Some(application)) = application {
        let address = listener.local_addr().unwrap_or(address);
        let models = application.state.commands.models.list();
        started(address, models.into_iter().map(|model| model.id).collect());
        let limits = application.state.server.limits;
        let requests = application.requests().clone();
        let edge = application.edge.clone();
        let serving = serve(listener, edge, limits, stop.clone(), requests);
        // Runs in the background are let go at once, and with them the readers of their streams.
        let handing_over = async {
            stop.cancelled().await;
            application.state.commands.runner.hand_over();
        };
        tokio::join!(serving, handing_over);
        application.stop().await;
        ground.end().await;
        return Ok(());
    }
    ground.end().await;
    application.map(|_| ())
}

async fn start(
    ground: &mut Ground,
    serving: &Serving<'_>,
    listening: SocketAddr,
) -> Result<Application, ServeError> {
    let config = serving.config;
    let pool = ground.database(config).await?;
    let keys = owner_keys(config, &pool)?;
    keys.require_masters().await?;
    let catalog = Arc::new(ProviderCatalog::try_new(ground.providers(config).await?)?);
    catalog.refresh().await;
    let fresh = Arc::clone(&catalog);
    let stop_refresh = ground.stop.clone();
    ground
        .tracker
        .spawn(async move { fresh.keep_fresh(stop_refresh).await });
    let key = SigningKey::of(config)?;
    let seal = Arc::new(KeySeal::of(&key));
    let signer = AuditKey::of(config)?;
    let mcp = found_at(
        mcp_door(&config.server, &config.auth, &config.mcp),
        listening,
    );
    let settings = tool_settings(config, listening);
    let sealing = Arc::clone(&seal) as _;
    let servers = Arc::new(tool_servers(&settings, &mcp, (&pool, &keys), sealing)?);
    let fetch = fetch_settings(config, settings.own);
    let tools = tools_before(&servers, config, (&pool, &fetch))?;
    let sessions = code_sessions(&config.code, &pool, &keys);
    if config.server.roles.worker {
        ground.keep_pruning(config, &pool, sessions.clone());
    }
    let python = python(config, sessions).await;
    let issuer = OwnIssuer::new(&config.auth, key);
    let metrics = serving.telemetry.clone();
    let assembled = Application::assemble(Blueprint {
        pool,
        models: catalog,
        issuer: Arc::new(issuer),
        tools,
        python,
        tool_servers: Arc::clone(&servers) as _,
        tool_authorizations: servers,
        file_search: config.file_search.clone(),
        media: MediaRoom::try_new(object_store(config)?, &config.media, &fetch)?,
        tool_permissions: config.tools.permissions.clone(),
        direct_calls_max: config.tools.direct_calls_max,
        tool_timeout: config.tools.limits.call + GRACE,
        seal,
        signer: Arc::new(signer),
        keys,
        retention: retention_terms(&config.retention, &config.media, &config.limits),
        roles: config.server.roles,
        limits: config.limits.clone(),
        guests: config.auth.guests,
        cors_origins: config.server.cors_origins.clone(),
        mcp,
        search_places: search_places(&config.search),
        introspection: introspection(&config.server, &config.graphql),
        metrics: Box::new(move || metrics.render_metrics()),
        crash: serving.crash.clone(),
    })
    .await;
    Ok(assembled?)
}

/// What is said of tool servers. None of them is this server itself.
fn tool_settings(config: &Config, listening: SocketAddr) -> ToolSettings {
    ToolSettings {
        own: config.own_places(listening),
        ..config.tools.clone()
    }
}

/// What of the web may be fetched for a caller: nothing of this server itself.
fn fetch_settings(config: &Config, own: OwnPlaces) -> FetchSettings {
    let mut fetch = config.scrape.fetch.clone();
    fetch.addresses.own = own;
    fetch
}

/// Our own tools, before those of the servers.
fn tools_before(
    servers: &Arc<McpToolHost>,
    config: &Config,
    (pool, fetch): (&Pool, &FetchSettings),
) -> Result<Arc<dyn ToolHost>, ServeError> {
    let scrape = ScrapeSettings {
        fetch: fetch.clone(),
        ..config.scrape.clone()
    };
    let servers = Arc::clone(servers) as _;
    Ok(builtin_tools(pool, servers, &config.search, &scrape)?)
}

/// The tool that runs code. A server whose runner does not work comes up without it.
async fn python(config: &Config, sessions: CodeSessions) -> Option<PythonExec> {
    let runner = select_runner(&config.code, Some(Arc::new(sessions))).await;
    let runner = runner.unwrap_or_else(|error| {
        tracing::error!("python_exec is not offered: {error}");
        None
    })?;
    Some(PythonExec::new(runner, config.code.approval.clone()))
}

impl Ground {
    /// Forgets what is too old of what is kept for a while.
    fn keep_pruning(&self, config: &Config, pool: &Pool, sessions: CodeSessions) {
        let (kept, pages_max) = (config.scrape.kept, config.scrape.pages_max);
        let pages = PageCache::new(pool.clone());
        let pruning = pages.keep_pruning(kept, pages_max, self.stop.clone());
        self.tracker.spawn(pruning);
        self.tracker.spawn(sessions.keep_pruning(self.stop.clone()));
    }

    /// The configured database, or our own.
    async fn database(&mut self, config: &Config) -> Result<Pool, ServeError> {
        let target = if let Some(url) = &config.database.url {
            url.connect_options()
        } else {
            let own = EmbeddedPostgres::start(&config.runtime, &self.tracker, &self.stop).await?;
            let target = own.connect_options();
            self.postgres = Some(own);
            target
        };
        let pool = database::connect(&config.database, target).await?;
        if config.database.auto_migrate {
            database::migrate(&pool).await?;
        } else {
            database::require_schema(&pool).await?;
        }
        Ok(pool)
    }

    /// The configured providers, or our own model.
    async fn providers(&mut self, config: &Config) -> Result<Vec<ProviderSettings>, ServeError> {
        if !config.providers.is_empty() {
            return Ok(config.providers.clone());
        }
        let own = LocalModel::start(&config.runtime, &self.tracker, &self.stop).await?;
        let mut settings = ProviderSettings::new("local", own.base_url());
        settings.limits = config.limits.provider.clone();
        self.model = Some(own);
        Ok(vec![settings])
    }

    /// Ends the model, then the database: nothing needs it any more.
    async fn end(self) {
        if let Some(model) = self.model {
            model.stop().await;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
