use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jan_commands::crash::CrashPoints;
use jan_commands::runner::{NodeLease, keep_closing_abandoned};
use jan_commands::store::{AppenderLimits, EventLog, IdempotencyKeys};
use jan_commands::{Commands, Parts};
use jan_domain::id::NodeId;
use jan_domain::ports::{Clock, IdGenerator, ModelCatalog, OpenResponses, TokenIssuer};
use jan_infra::clock::SystemClock;
use jan_infra::config::{Limits, Roles};
use jan_infra::id_generator::UuidV7Ids;
use jan_infra::telemetry::TraceContext;
use jan_projections::ReadModels;
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::authenticate::Authenticator;
use crate::edge::Edge;
use crate::state::{ApiState, EdgeLimits, Server};

/// What an application is made from.
pub struct Blueprint {
    /// A database whose schema is up to date.
    pub pool: PgPool,
    /// The models on offer.
    pub models: Arc<dyn ModelCatalog>,
    /// Our own tokens.
    pub issuer: Arc<dyn TokenIssuer>,
    /// What this process does.
    pub roles: Roles,
    /// All bounds.
    pub limits: Limits,
    /// Origins that browsers may call from.
    pub cors_origins: Vec<String>,
    /// The metrics in Prometheus's text format.
    pub metrics: Box<dyn Fn() -> String + Send + Sync>,
    /// Where tests make the process die.
    pub crash: CrashPoints,
}

/// A running application, without its sockets.
pub struct Application {
    /// The doors.
    pub edge: Edge,
    /// What is behind them.
    pub state: ApiState,
    requests: TaskTracker,
    background: TaskTracker,
    stop_background: CancellationToken,
    log_writer: TaskTracker,
    pool: PgPool,
}

impl Application {
    /// Puts the parts together and starts what runs in the background.
    pub async fn assemble(blueprint: Blueprint) -> Result<Self, sqlx::Error> {
        let Blueprint {
            pool,
            models,
            issuer,
            roles,
            limits,
            cors_origins,
            metrics,
            crash,
        } = blueprint;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn IdGenerator> = Arc::new(UuidV7Ids);
        let node = NodeId::parse(&format!("node_{}", ids.fresh())).expect("hex digits make an id");
        let (requests, background, log_writer) =
            (TaskTracker::new(), TaskTracker::new(), TaskTracker::new());
        let stop_background = CancellationToken::new();
        let lease = NodeLease::take(pool.clone(), node.clone()).await?;
        background.spawn(lease.keep(stop_background.clone()));

        let appended = Arc::new(Notify::new());
        let log = EventLog::start(
            pool.clone(),
            Arc::clone(&ids),
            Arc::clone(&appended),
            appender_limits(&limits),
            &log_writer,
        );
        let reads = if roles.projector {
            let running = jan_projections::spawn(
                pool.clone(),
                appended,
                node.clone(),
                &background,
                &stop_background,
            );
            running.read_models()
        } else {
            ReadModels::elsewhere(&pool)
        };
        let commands = Commands::new(Parts {
            log,
            clock: Arc::clone(&clock),
            models: Arc::clone(&models),
            node: node.clone(),
            tracker: requests.clone(),
            crash,
            calls_max: limits.model_calls_max,
            call_duration_max: limits.model_call_duration_max,
        });
        if roles.worker {
            let open: Arc<dyn OpenResponses> = Arc::new(reads.responses.clone());
            let closing = keep_closing_abandoned(
                commands.clone(),
                pool.clone(),
                open,
                stop_background.clone(),
            );
            background.spawn(closing);
        }
        observe_pool(&pool);
        let server = Server {
            ids,
            trace: trace_of,
            readiness: readiness(&pool, &models),
            metrics,
            limits: edge_limits(&limits),
            cors_origins,
        };
        let state = ApiState {
            commands,
            authenticator: Arc::new(Authenticator::new(issuer, clock, reads.clone())),
            reads,
            idempotency: IdempotencyKeys::new(pool.clone(), node),
            server: Arc::new(server),
        };
        let edge = crate::router(state.clone());
        Ok(Self {
            edge,
            state,
            requests,
            background,
            stop_background,
            log_writer,
            pool,
        })
    }

    /// Tasks of requests; connections belong there too.
    pub fn requests(&self) -> &TaskTracker {
        &self.requests
    }

    /// Stops in order: requests and what they left to do, then the background, then the log.
    pub async fn stop(self) {
        let Self {
            edge,
            state,
            requests,
            background,
            stop_background,
            log_writer,
            pool,
        } = self;
        requests.close();
        requests.wait().await;
        stop_background.cancel();
        background.close();
        background.wait().await;
        // The writer ends when nobody can append any more.
        drop((edge, state));
        log_writer.close();
        if tokio::time::timeout(Duration::from_secs(5), log_writer.wait())
            .await
            .is_err()
        {
            tracing::warn!("the event log's writer was still in use at the end");
        }
        pool.close().await;
    }
}

fn appender_limits(limits: &Limits) -> AppenderLimits {
    AppenderLimits {
        lanes: limits.append_lanes,
        queue: limits.append_queue,
        batch_events: limits.append_batch_events,
        ..AppenderLimits::default()
    }
}

fn edge_limits(limits: &Limits) -> EdgeLimits {
    let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    EdgeLimits {
        body_bytes: limits.body_bytes_max,
        connections: limits.connections_max,
        header_read_timeout_ms: milliseconds(limits.header_read_timeout),
        body_read_timeout_ms: milliseconds(limits.body_read_timeout),
        ..EdgeLimits::default()
    }
}

/// Continues the trace a client has begun, or begins one, and makes the span part of it.
fn trace_of(span: &tracing::Span, told: Option<&str>) -> String {
    let told = told.and_then(TraceContext::parse);
    if let Some(told) = told {
        jan_infra::telemetry::trace_context::set_parent(span, &told.to_string());
    }
    let place = TraceContext::of(span);
    let place = place.or_else(|| told.map(TraceContext::child));
    place.unwrap_or_else(TraceContext::fresh).to_string()
}

type Readiness =
    Box<dyn Fn() -> futures::future::BoxFuture<'static, Result<(), Vec<String>>> + Send + Sync>;

fn readiness(pool: &PgPool, models: &Arc<dyn ModelCatalog>) -> Readiness {
    let (pool, models) = (pool.clone(), Arc::clone(models));
    Box::new(move || super::parts::ready(pool.clone(), Arc::clone(&models)).boxed())
}

fn observe_pool(pool: &PgPool) {
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
