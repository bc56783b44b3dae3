use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jan_commands::account::Eraser;
use jan_commands::run::keep_taking_up;
use jan_commands::runner::{NodeLease, Runner, keep_closing_abandoned};
use jan_commands::store::{EventLog, IdempotencyKeys};
use jan_commands::{Commands, Parts};
use jan_domain::id::NodeId;
use jan_domain::ports::{
    IdGenerator, Keyring, ModelCatalog, OpenResponses, OpenWork, UnattendedRuns,
};
use jan_infra::clock::SystemClock;
use jan_infra::code::WithCode;
use jan_infra::database::{self, Pool, PoolError};
use jan_infra::id_generator::UuidV7Ids;
use jan_infra::telemetry::trace_context;
use jan_projections::audit::{Sealer, SealerTuning};
use jan_projections::{ProjectionOperator, Projections, ReadModels, Tuning};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::artifacts::Artifacts;
use super::blueprint::Blueprint;
use super::bounds::{appender_limits, edge_limits, run_limits};
use super::documents::Documents;
use super::media::media_shelf;
use crate::authenticate::Authenticator;
use crate::edge::Edge;
use crate::state::{ApiState, Rooms, Server};

/// A running application, without its sockets.
pub struct Application {
    /// The doors.
    pub edge: Edge,
    /// What is behind them.
    pub state: ApiState,
    work: Work,
    pool: Pool,
}

/// The tasks of an application, by the order in which they end.
#[derive(Default)]
struct Work {
    requests: TaskTracker,
    background: TaskTracker,
    stop_background: CancellationToken,
    log_writer: TaskTracker,
}

impl Work {
    /// Starts what any one process does for all: what the dead have left is taken up or closed, what
    /// was begun is finished, what is old is forgotten.
    fn care_for_all(&self, blueprint: &Blueprint, commands: &Commands, reads: &ReadModels) {
        let (pool, limits) = (&blueprint.pool, &blueprint.limits);
        let stop = || self.stop_background.clone();
        let unattended: Arc<dyn UnattendedRuns> = Arc::new(reads.runs.clone());
        let taking_up = keep_taking_up(commands.clone(), unattended, stop());
        self.background.spawn(taking_up);
        let open: Arc<dyn OpenResponses> = Arc::new(reads.responses.clone());
        let pause = limits.node_lease / 3;
        let closing = keep_closing_abandoned(commands.clone(), pool.clone(), open, pause, stop());
        self.background.spawn(closing);
        let open: Arc<dyn OpenWork> = Arc::new(reads.responses.clone());
        let erasing = commands.eraser.clone();
        self.background.spawn(erasing.keep_finishing(open, stop()));
        let removing = (commands.eraser.clone(), commands.media.remover());
        let sweeping = super::retention(blueprint.retention, pool, removing, reads);
        let node = commands.node.to_string();
        self.background.spawn(sweeping.keep_sweeping(node, stop()));
    }
}

impl Application {
    /// Puts the parts together and starts what runs in the background.
    pub async fn assemble(blueprint: Blueprint) -> Result<Self, PoolError> {
        let ids: Arc<dyn IdGenerator> = Arc::new(UuidV7Ids);
        let node = NodeId::parse(&format!("node_{}", ids.fresh()));
        let node = node.expect("hex digits make an id");
        let pool = blueprint.pool.clone();
        let lease = blueprint.limits.node_lease;
        let living = NodeLease::take(pool.clone(), node.clone(), lease).await?;
        let work = Work::default();
        work.background
            .spawn(living.keep(work.stop_background.clone()));
        let forgetting = blueprint.keys.clone();
        work.background
            .spawn(forgetting.keep_forgetting(work.stop_background.clone()));
        observe_pool(&pool);
        let (commands, mut reads) = sides(&blueprint, &work, &node, &ids);
        let keyring: Arc<dyn Keyring> = Arc::new(blueprint.keys.clone());
        reads.conversations = reads.conversations.opening(Arc::clone(&keyring));
        reads.audit = reads.audit.opening(keyring);
        if blueprint.roles.worker {
            work.care_for_all(&blueprint, &commands, &reads);
        }
        let state = state_of(blueprint, commands, reads, ids);
        let edge = crate::router(state.clone());
        Ok(Self {
            edge,
            state,
            work,
            pool,
        })
    }

    /// Tasks of requests; connections belong there too.
    pub fn requests(&self) -> &TaskTracker {
        &self.work.requests
    }

    /// Stops in order: requests and what they left to do, then the background, then the log.
    pub async fn stop(self) {
        let Self {
            edge,
            state,
            work,
            pool,
        } = self;
        // Runs in the background go on in another process, or after the next start.
        state.commands.runner.hand_over();
        work.requests.close();
        let patience = Duration::from_millis(state.server.limits.shutdown_timeout_ms);
        if tokio::time::timeout(patience, work.requests.wait())
            .await
            .is_err()
        {
            // Another process, or the next start, closes what is still open.
            tracing::warn!("some calls had no ending in time");
        }
        work.stop_background.cancel();
        work.background.close();
        work.background.wait().await;
        // The writer ends when nobody can append any more.
        drop((edge, state));
        work.log_writer.close();
        if tokio::time::timeout(WRITER_MAX, work.log_writer.wait())
            .await
            .is_err()
        {
            tracing::warn!("the event log's writer was still in use at the end");
        }
        database::close(&pool).await;
    }
}

/// How long the log's writer may take to end once nobody appends any more.
const WRITER_MAX: Duration = Duration::from_secs(5);

/// The write side, and the read side that follows it.
fn sides(
    blueprint: &Blueprint,
    work: &Work,
    node: &NodeId,
    ids: &Arc<dyn IdGenerator>,
) -> (Commands, ReadModels) {
    let (pool, limits) = (blueprint.pool.clone(), &blueprint.limits);
    let appended = Arc::new(Notify::new());
    let log = EventLog::start(
        pool.clone(),
        Arc::clone(ids),
        Arc::clone(&appended),
        appender_limits(limits),
        &work.log_writer,
    );
    let keyring: Arc<dyn Keyring> = Arc::new(blueprint.keys.clone());
    let log = log.sealed_by(keyring);
    let reads = read_side(blueprint, work, node, appended);
    let documents = Documents::of(blueprint, &log, &reads);
    if blueprint.roles.worker
        && let Some(embedding) = documents.embedding()
    {
        let stop = work.stop_background.clone();
        work.background.spawn(embedding.keep_embedding(stop));
    }
    let media = media_shelf(blueprint, &log, &reads);
    let artifacts = Arc::new(Artifacts::new(media.clone(), blueprint.mcp.base.clone()));
    let python = blueprint.python.clone();
    let python = python.map(|python| python.keeping(artifacts));
    let tools = WithCode::before(Arc::clone(&blueprint.tools), python);
    let tools = super::file_search_tools(tools, documents);
    let clock = || Arc::new(SystemClock);
    let eraser = Eraser::new(
        &log,
        blueprint.keys.clone(),
        Arc::clone(&blueprint.media.objects),
        clock(),
        blueprint.crash.clone(),
    );
    let commands = Commands::new(Parts {
        media,
        eraser,
        log,
        clock: clock(),
        models: Arc::clone(&blueprint.models),
        node: node.clone(),
        tracker: work.requests.clone(),
        crash: blueprint.crash.clone(),
        runner: Runner::new(
            pool,
            tools,
            Arc::clone(&blueprint.seal),
            run_limits(blueprint),
        ),
        calls_max: limits.model_calls_max,
        call_duration_max: limits.model_call_duration_max,
    });
    (commands, reads)
}

/// The readers, and what feeds them if that is this process's work.
fn read_side(
    blueprint: &Blueprint,
    work: &Work,
    node: &NodeId,
    appended: Arc<Notify>,
) -> ReadModels {
    let (pool, limits) = (blueprint.pool.clone(), &blueprint.limits);
    if !blueprint.roles.projector {
        return ReadModels::elsewhere(&pool);
    }
    let stop = &work.stop_background;
    let sealer = Sealer {
        pool: pool.clone(),
        signer: Arc::clone(&blueprint.signer),
        node: node.clone(),
        tuning: SealerTuning {
            lease: limits.node_lease,
            ..SealerTuning::default()
        },
    };
    work.background.spawn(sealer.run(stop.clone()));
    let projections = Projections {
        pool,
        keyring: Arc::new(blueprint.keys.clone()),
        appended,
        node: node.clone(),
        tuning: Tuning {
            lease: limits.node_lease,
            ..Tuning::default()
        },
    };
    projections.spawn(&work.background, stop).read_models()
}

fn state_of(
    blueprint: Blueprint,
    commands: Commands,
    reads: ReadModels,
    ids: Arc<dyn IdGenerator>,
) -> ApiState {
    let Blueprint {
        pool,
        models,
        issuer,
        limits,
        roles,
        guests,
        cors_origins,
        mcp,
        search_places,
        introspection,
        metrics,
        signer,
        keys,
        tool_servers,
        tool_authorizations,
        media,
        ..
    } = blueprint;
    let clock = Arc::clone(&commands.clock);
    let server = Server {
        ids,
        trace: trace_context::join,
        readiness: readiness(&pool, &models),
        metrics,
        limits: edge_limits(&limits),
        guests,
        serves_api: roles.api,
        cors_origins: cors_origins.to_vec(),
        mcp,
        tool_servers,
        tool_authorizations,
        search_places,
        introspection,
        media_key: media.service_key,
        proxy_download: media.proxy_download,
        signer,
    };
    let rooms = Rooms {
        authenticator: Arc::new(Authenticator::new(
            issuer,
            clock,
            reads.clone(),
            limits.token_cache_entries,
        )),
        projections: ProjectionOperator::new(pool.clone(), Arc::new(keys), commands.node.clone()),
        idempotency: IdempotencyKeys::new(pool, commands.node.clone()),
        server: Arc::new(server),
        commands,
        reads,
    };
    rooms.into()
}

type Readiness =
    Box<dyn Fn() -> futures::future::BoxFuture<'static, Result<(), Vec<String>>> + Send + Sync>;

fn readiness(pool: &Pool, models: &Arc<dyn ModelCatalog>) -> Readiness {
    let (pool, models) = (pool.clone(), Arc::clone(models));
    Box::new(move || super::parts::ready(pool.clone(), Arc::clone(&models)).boxed())
}

fn observe_pool(pool: &Pool) {
    let meter = opentelemetry::global::meter("jan-server");
    let (size, idle) = (pool.clone(), pool.clone());
    meter
        .u64_observable_gauge("jan.pool.connections")
        .with_description("Connections to Postgres")
        .with_callback(move |observer| observer.observe(u64::from(size.size()), &[]))
        .build();
    meter
        .u64_observable_gauge("jan.pool.idle")
        .with_description("Connections to Postgres that nobody uses")
        .with_callback(move |observer| observer.observe(idle.num_idle() as u64, &[]))
        .build();
}
