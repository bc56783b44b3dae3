//! Putting a real application together, as `jan-server serve` does.

use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use jan_api::wiring::{
    Application, Blueprint, MediaRoom, builtin_tools, code_sessions, introspection, mcp_door,
    retention_terms, search_places, tool_servers,
};
use jan_commands::crash::CrashPoints;
use jan_commands::store::OwnerKeys;
use jan_domain::ports::{ObjectStore, ToolHost};
use jan_infra::code::{PythonExec, select_runner};
use jan_infra::config::{DatabaseSettings, RetentionSettings, ServerSettings, TelemetrySettings};
use jan_infra::identity::{AuditKey, KeySeal, OwnIssuer};
use jan_infra::media::{MediaDirectory, S3Bucket};
use jan_infra::model_provider::{ModelSetting, ProviderCatalog, ProviderSettings};
use jan_infra::safe_http::FetchSettings;
use jan_infra::telemetry::Telemetry;
use jan_infra::tools::McpToolHost;
use sqlx::PgPool;

use super::{PATIENCE, Setup, World};
use crate::given::MODEL;

/// Connections of one application; many run at once.
const CONNECTIONS_MAX: u32 = 8;

pub(super) async fn assemble(
    world: Arc<World>,
    setup: Setup,
) -> anyhow::Result<(Application, PgPool)> {
    let telemetry = telemetry();
    let settings = DatabaseSettings {
        connections_max: CONNECTIONS_MAX,
        acquire_timeout: PATIENCE,
        ..DatabaseSettings::default()
    };
    let pool = jan_infra::database::connect(&settings, world.database.options()).await?;
    let catalog = ProviderCatalog::try_new(vec![provider(&world, &setup)])?;
    catalog.refresh().await;
    let keys = OwnerKeys::new(pool.clone(), world.masters.clone(), setup.seal_events);
    let mcp = mcp_door(&ServerSettings::default(), &setup.auth, &setup.mcp);
    let settings = setup.tools.clone().unwrap_or_default();
    let seal = Arc::new(KeySeal::of(&world.key));
    let sealing = Arc::clone(&seal) as _;
    let servers = Arc::new(tool_servers(&settings, &mcp, (&pool, &keys), sealing)?);
    let application = Application::assemble(Blueprint {
        pool: pool.clone(),
        models: Arc::new(catalog),
        issuer: Arc::new(OwnIssuer::new(&setup.auth, world.key.clone())),
        tools: tools((&world, &setup), &pool, &servers)?,
        python: python((&world, &setup), &pool).await?,
        tool_servers: Arc::clone(&servers) as _,
        tool_authorizations: servers,
        file_search: setup.file_search.clone(),
        media: media(&world, &setup)?,
        tool_permissions: setup.tool_permissions.clone(),
        direct_calls_max: setup.direct_calls_max,
        tool_timeout: setup.tool_timeout,
        seal,
        signer: Arc::new(AuditKey::from(&world.key)),
        keys,
        retention: retention_terms(&RetentionSettings::default(), &setup.media, &setup.limits),
        roles: setup.roles,
        guests: setup.auth.guests,
        limits: setup.limits.clone(),
        cors_origins: ServerSettings::default().cors_origins,
        mcp,
        search_places: setup
            .builtin
            .as_ref()
            .map(|(search, _)| search_places(search))
            .unwrap_or_default(),
        introspection: introspection(&setup.server, &setup.graphql),
        metrics: Box::new(|| telemetry.render_metrics()),
        crash: CrashPoints::default(),
    });
    Ok((application.await.context("assembling")?, pool))
}

/// Bytes lie in a bucket, or in a directory of this world's own; what may be fetched is what may be scraped.
fn media(world: &World, setup: &Setup) -> anyhow::Result<MediaRoom> {
    let objects: Arc<dyn ObjectStore> = match S3Bucket::of(&setup.media.s3)? {
        Some(bucket) => Arc::new(bucket),
        None => Arc::new(MediaDirectory::new(world.directory.path().to_owned())),
    };
    let fetch = match &setup.builtin {
        None => FetchSettings::default(),
        Some((_, scrape)) => scrape.fetch.clone(),
    };
    Ok(MediaRoom::try_new(objects, &setup.media, &fetch)?)
}

/// The scripted tools, or a real host of MCP servers; behind our own, if those are wanted.
fn tools(
    (world, setup): (&World, &Setup),
    pool: &PgPool,
    real: &Arc<McpToolHost>,
) -> anyhow::Result<Arc<dyn ToolHost>> {
    let servers: Arc<dyn ToolHost> = match &setup.tools {
        None => Arc::new(world.tools.clone()),
        Some(_) => Arc::clone(real) as _,
    };
    Ok(match &setup.builtin {
        None => servers,
        Some((search, scrape)) => builtin_tools(pool, servers, search, scrape)?,
    })
}

/// The tool that runs code, if it is wanted.
async fn python(
    (world, setup): (&World, &Setup),
    pool: &PgPool,
) -> anyhow::Result<Option<PythonExec>> {
    let Some(settings) = &setup.code else {
        return Ok(None);
    };
    let keys = OwnerKeys::new(pool.clone(), world.masters.clone(), setup.seal_events);
    let sessions = code_sessions(settings, pool, &keys);
    let runner = select_runner(settings, Some(Arc::new(sessions))).await?;
    Ok(runner.map(|runner| PythonExec::new(runner, settings.approval.clone())))
}

fn provider(world: &World, setup: &Setup) -> ProviderSettings {
    let mut provider = match &setup.upstream {
        None => ProviderSettings::new("scripted", world.model.base_url()),
        Some(base_url) => ProviderSettings {
            discover: false,
            models: vec![ModelSetting {
                id: MODEL.to_owned(),
                ..ModelSetting::default()
            }],
            ..ProviderSettings::new("elsewhere", base_url)
        },
    };
    provider.limits = setup.limits.provider.clone();
    provider
}

/// One for the process, silent unless `JAN_TEST_LOG` names directives.
fn telemetry() -> &'static Telemetry {
    static TELEMETRY: OnceLock<Telemetry> = OnceLock::new();
    TELEMETRY.get_or_init(|| {
        let told = std::env::var_os("JAN_TEST_LOG").and_then(|told| told.into_string().ok());
        let settings = TelemetrySettings {
            log_level: told.unwrap_or_else(|| "off".to_owned()),
            ..TelemetrySettings::default()
        };
        Telemetry::start(&settings).expect("nobody else has set up telemetry")
    })
}
