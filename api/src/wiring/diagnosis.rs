use std::path::Path;
use std::time::Duration;

use jan_infra::code::{CodeSettings, RunnerKind, try_runner};
use jan_infra::config::{Config, Source};
use jan_infra::database::{self, ConnectOptions, DatabaseError};
use jan_infra::media::S3Bucket;
use jan_infra::model_provider::{ProbeError, ProviderSettings, count_models};
use jan_infra::runtime::{Detection, EmbeddedPostgres, Finding, Part, detect};
use rustix::fs::{Access, access};
use tokio::net::TcpListener;

use super::tool_servers::check_tool_servers;
use crate::cli::doctor::{Check, Diagnosis};
use crate::cli::terminal::sentence;

/// How long a database may take to answer.
const DATABASE_MAX: Duration = Duration::from_secs(2);
/// How long a bucket may take to answer.
const BUCKET_MAX: Duration = Duration::from_secs(5);
/// What the check of the database is called.
const DATABASE: &str = "database";
/// The socket of a Postgres in its directory.
const SOCKET: &str = ".s.PGSQL.5432";

/// Looks at everything that `serve` would need. Starts nothing and changes nothing.
pub async fn diagnose(config: &Config) -> Diagnosis {
    let mut checks = settings(config);
    let name_another = "open it to this user, or name another one (--data-dir or JAN_DATA_DIR)";
    checks.push(directory(
        "data directory",
        &config.runtime.data_dir,
        name_another,
    ));
    let embedded = config.database.url.is_none() || config.providers.is_empty();
    let runtime = if embedded {
        Some(detect(&config.runtime).await)
    } else {
        None
    };
    let running = running_database(config).await;
    checks.push(port(config, running.is_some()).await);
    checks.push(match (&config.database.url, running) {
        (Some(url), _) => answer_of(config, schema(config, url.connect_options()).await),
        (None, Some(running)) => running,
        (None, None) => database_to_start(runtime.as_ref()),
    });
    if config.providers.is_empty() {
        checks.push(local_model(runtime.as_ref()));
    }
    for provider in &config.providers {
        checks.push(model_provider(provider).await);
    }
    checks.extend(check_tool_servers(config).await);
    checks.push(media(config).await);
    checks.push(code(&config.code).await);
    Diagnosis::of(checks, runtime)
}

fn settings(config: &Config) -> Vec<Check> {
    let set = config.describe().iter();
    let count = set.filter(|line| line.source != Source::Default).count();
    let says = match count {
        0 => "all defaults; `jan-server config` lists them".to_owned(),
        1 => "1 is set; `jan-server config --changed` shows it".to_owned(),
        count => format!("{count} are set; `jan-server config --changed` shows them"),
    };
    let warned = config.warnings().iter();
    let warned =
        warned.map(|warning| Check::warning("settings", warning, "correct it or unset it"));
    [Check::good("settings", says)]
        .into_iter()
        .chain(warned)
        .collect()
}

fn directory(name: &'static str, dir: &Path, fix: &'static str) -> Check {
    let shown = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    let there = shown.ancestors().find(|way| way.exists());
    let writable = there.is_some_and(|way| access(way, Access::WRITE_OK).is_ok());
    let shown = shown.display();
    match (writable, dir.exists()) {
        (true, true) => Check::good(name, shown.to_string()),
        (true, false) => Check::good(name, format!("{shown} will be made")),
        (false, _) => Check::problem(name, format!("{shown} cannot be written to"), fix),
    }
}

/// Where the bytes of media lie.
async fn media(config: &Config) -> Check {
    let name = "media";
    let bucket = match S3Bucket::of(&config.media.s3) {
        Ok(None) => {
            let fix = "open it to this user, or name another one (JAN_MEDIA_DIRECTORY)";
            return directory(name, &config.media_directory(), fix);
        }
        Ok(Some(bucket)) => bucket,
        Err(error) => {
            let fix = "give the bucket's key and address, or unset media.s3_bucket";
            return Check::problem(name, error.to_string(), fix);
        }
    };
    let shown = config.media.s3.bucket.as_deref().unwrap_or_default();
    match tokio::time::timeout(BUCKET_MAX, bucket.probe()).await {
        Ok(Ok(())) => Check::good(name, format!("the bucket '{shown}' answers")),
        failed => {
            let why = failed.map_or_else(
                |_| "it does not answer in time".to_owned(),
                |probed| probed.err().unwrap_or_default(),
            );
            Check::warning(
                name,
                format!("the bucket '{shown}' cannot be used: {why}"),
                "make the bucket, or correct MEDIA_S3_ENDPOINT, MEDIA_S3_ACCESS_KEY and \
                 MEDIA_S3_SECRET_KEY",
            )
        }
    }
}

async fn port(config: &Config, running: bool) -> Check {
    let address = config.server.address();
    match TcpListener::bind(address).await {
        Ok(_free_again) => Check::good("port", format!("{address} is free")),
        Err(_) if running => Check::good(
            "port",
            format!("{address} is taken, as a running server does"),
        ),
        Err(error) => Check::problem(
            "port",
            format!("cannot listen on {address}: {error}"),
            "end the program that listens there (`lsof -i` names it), or choose another address \
             with --port and --bind",
        ),
    }
}

/// What the embedded database says, if a server on this data directory runs it now.
async fn running_database(config: &Config) -> Option<Check> {
    if config.database.url.is_some() {
        return None;
    }
    let target = EmbeddedPostgres::beside(&config.runtime).await.ok()?;
    if !target.get_socket()?.join(SOCKET).exists() {
        return None;
    }
    match schema(config, target).await {
        Err(DatabaseError::Unreachable { .. }) => None,
        answer => Some(answer_of(config, answer)),
    }
}

/// Connects and asks for the schema.
async fn schema(config: &Config, target: ConnectOptions) -> Result<(), DatabaseError> {
    let mut settings = config.database.clone();
    settings.startup_wait = settings.startup_wait.min(DATABASE_MAX);
    settings.connections_max = 1;
    let pool = database::connect(&settings, target).await?;
    let required = database::require_schema(&pool).await;
    database::close(&pool).await;
    required
}

fn answer_of(config: &Config, answer: Result<(), DatabaseError>) -> Check {
    let own = config.database.url.is_none();
    let whose = if own {
        "our own Postgres runs"
    } else {
        "answers"
    };
    match answer {
        Ok(()) => Check::good(DATABASE, format!("{whose}, and its schema is up to date")),
        Err(DatabaseError::SchemaIsOlder { .. }) if config.database.auto_migrate => {
            let says = format!("{whose}; `serve` will bring its schema up to date");
            Check::good(DATABASE, says)
        }
        Err(error) => {
            let advice = if own {
                "do as the line above says, or use another data directory"
            } else {
                "check DATABASE_URL, or unset it to use the embedded Postgres"
            };
            Check::problem(DATABASE, sentence(&error.into()), advice)
        }
    }
}

fn database_to_start(runtime: Option<&Detection>) -> Check {
    match (
        chosen(runtime, Part::Postgres),
        chosen(runtime, Part::Database),
    ) {
        (Ok(programs), Ok(place)) => {
            let version = programs.version.as_deref().unwrap_or_default();
            let path = place.path.display();
            let says = format!(
                "will be our own Postgres {version} in {path} ({})",
                place.why
            );
            Check::good(DATABASE, says)
        }
        (Err(missing), _) | (_, Err(missing)) => missing.problem(DATABASE),
    }
}

fn local_model(runtime: Option<&Detection>) -> Check {
    match (
        chosen(runtime, Part::ModelServer),
        chosen(runtime, Part::Model),
    ) {
        (Ok(server), Ok(model)) => {
            let (server, model) = (server.path.display(), model.path.display());
            Check::good("model", format!("{model}, served by {server}"))
        }
        (Err(missing), _) | (_, Err(missing)) => missing.problem("model"),
    }
}

/// A part of the runtime without which nothing starts.
struct Missing {
    says: String,
    advice: String,
}

impl Missing {
    fn problem(self, name: &'static str) -> Check {
        Check::problem(name, self.says, self.advice)
    }
}

fn chosen(runtime: Option<&Detection>, part: Part) -> Result<&Finding, Missing> {
    let report = runtime.and_then(|found| found.parts.iter().find(|report| report.part == part));
    let report = report.expect("every part of an embedded runtime is looked for");
    report.chosen().ok_or_else(|| {
        let reasons: Vec<_> = report
            .found
            .iter()
            .map(|found| found.why.as_str())
            .collect();
        let says = match reasons.as_slice() {
            [] => format!("no {part} was found"),
            reasons => format!("no {part} can be used: {}", reasons.join("; ")),
        };
        let advice = report.advice.clone().unwrap_or_default();
        Missing { says, advice }
    })
}

async fn model_provider(provider: &ProviderSettings) -> Check {
    let name = "provider";
    // Not its address, which may hold a password.
    let place = format!("'{}'", provider.name);
    if !provider.discover {
        return Check::good(
            name,
            format!("{place} is not asked: its models are listed here"),
        );
    }
    match count_models(provider).await {
        Ok(count) => Check::good(name, format!("{place} lists {count} models")),
        Err(ProbeError::Setup(error)) => {
            Check::problem(name, error.to_string(), "correct its settings")
        }
        // The server starts without it and keeps asking.
        Err(ProbeError::Failed(failure)) => Check::warning(
            name,
            format!("{place} lists no models: {failure}"),
            "check its address and key; the server starts and keeps asking",
        ),
    }
}

/// Who runs code, after a program has been run.
async fn code(settings: &CodeSettings) -> Check {
    let name = "code";
    let who = match settings.kind() {
        RunnerKind::Off => return Check::good(name, "python_exec is off (code.runner)"),
        RunnerKind::Monty => "monty, a Python without files and network, in worker processes",
        RunnerKind::Bubblewrap => "CPython behind bubblewrap, which holds",
        RunnerKind::SandboxFusion => "the SandboxFusion at code.sandbox_fusion_url",
    };
    let why = match (settings.runner, &settings.sandbox_fusion_url) {
        (Some(_), _) => "as code.runner says",
        (None, Some(_)) => "as its address is set",
        (None, None) => "the default",
    };
    match try_runner(settings).await {
        Ok(()) => Check::good(name, format!("python_exec runs by {who} ({why})")),
        // The server starts without the tool.
        Err(error) => Check::warning(
            name,
            format!("python_exec is not offered: {}", sentence(&error.into())),
            "correct the settings under code, or choose another code.runner",
        ),
    }
}
