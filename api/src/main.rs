//! `jan-server`, the program.

use std::io::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::bail;
use clap::Parser;
use jan_api::cli::events::EventsCommand;
use jan_api::cli::responses::ResponsesCommand;
use jan_api::cli::serve::{ServeArgs, banner};
use jan_api::cli::stop::StopSignals;
use jan_api::cli::terminal::{Answer, reader_left, sentence};
use jan_api::cli::tools::ToolsCommand;
use jan_api::cli::{Cli, Command, config, doctor, graphql_schema, keys, openapi, tools};
use jan_api::wiring::{
    DatabaseVisit, Serving, admin_token, ask_tool_servers, at_database, check_proof, diagnose,
    re_execute, serve_until,
};
use jan_infra::code::code_worker;
use jan_infra::config::{Config, Overrides, Source};
use jan_infra::telemetry::Telemetry;
use mimalloc::MiMalloc;
use tokio_util::sync::CancellationToken;

/// A tenth of a call's time was spent in the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Exit code of a program that could not do what it was asked.
const FAILED: u8 = 1;
/// Exit code of a program that was asked wrongly, as clap uses it too.
const MISUSED: u8 = 2;
/// Exit code of a server that was told twice to stop, as shells name death by Ctrl-C.
const STOPPED_AT_ONCE: i32 = 130;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match &cli.command {
        Command::Openapi(_) => {
            return code_of(openapi::openapi(&mut Answer::new()).map(|()| ExitCode::SUCCESS));
        }
        Command::GraphqlSchema(_) => {
            let printed = graphql_schema::graphql_schema(&mut Answer::new());
            return code_of(printed.map(|()| ExitCode::SUCCESS));
        }
        Command::CodeWorker(args) => return code_worker(&args.kind),
        _ => {}
    }
    match load(&cli) {
        Ok(config) => code_of(run(cli.command, config)),
        Err(error) => complain(MISUSED, &error),
    }
}

fn load(cli: &Cli) -> anyhow::Result<Config> {
    let mut overrides = Overrides::default();
    if let Some(file) = &cli.options.config {
        overrides.config_file(file);
    }
    for (name, value) in cli.overrides() {
        overrides.set(name, value);
    }
    Ok(Config::load(overrides)?)
}

#[tokio::main]
async fn run(command: Command, mut config: Config) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve(args) => serve(args, &config).await?,
        Command::Config(args) => {
            for warning in config.warnings() {
                remark(warning);
            }
            config::config(&args, config.describe(), &mut Answer::new())?;
        }
        Command::Keys(keys::KeysCommand::Admin(args)) => {
            quieten(&mut config)?;
            let token = admin_token(&config, args.lifetime())?;
            keys::admin(&token, &mut Answer::new())?;
        }
        Command::Doctor(args) => {
            quieten(&mut config)?;
            let diagnosis = diagnose(&config).await;
            doctor::doctor(&args, &diagnosis, &mut Answer::new())?;
            if !diagnosis.can_start {
                return Ok(ExitCode::from(FAILED));
            }
        }
        Command::Tools(ToolsCommand::List(args)) => {
            quieten(&mut config)?;
            let reports = ask_tool_servers(&config).await?;
            tools::list(&args, reports, &mut Answer::new())?;
        }
        Command::Responses(ResponsesCommand::Replay(args)) if args.re_executes() => {
            quieten(&mut config)?;
            re_execute(&args.re_execution()?, &config, &mut Answer::new()).await?;
        }
        Command::Events(EventsCommand::VerifyProof(args)) => {
            check_proof(&args, &config, &mut Answer::new())?;
        }
        Command::Migrate(_)
        | Command::Events(_)
        | Command::Conversations(_)
        | Command::Responses(_)
        | Command::Projections(_)
        | Command::Accounts(_)
        | Command::Retention(_)
        | Command::Keys(_) => {
            quieten(&mut config)?;
            return visit_database(&command, &config).await;
        }
        Command::Openapi(_) | Command::GraphqlSchema(_) | Command::CodeWorker(_) => {
            unreachable!("answered before the settings were read")
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs a command at the database. Whatever was started for it is stopped, also by Ctrl-C.
async fn visit_database(command: &Command, config: &Config) -> anyhow::Result<ExitCode> {
    let mut signals = StopSignals::listen()?;
    let mut visit = DatabaseVisit::default();
    let mut out = Answer::new();
    let done = tokio::select! {
        done = at_database(&mut visit, command, config, &mut out) => done,
        () = signals.next() => interrupted(command).map(|()| ExitCode::SUCCESS),
    };
    visit.leave().await;
    done
}

/// Ctrl-C is how one ends following.
fn interrupted(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Events(EventsCommand::Tail(args)) if args.follows() => Ok(()),
        _ => bail!("interrupted"),
    }
}

/// Logs of a command that answers on standard output: only what is wrong, unless more is asked for,
/// and nothing to a collector.
fn quieten(config: &mut Config) -> anyhow::Result<()> {
    let mut level = config.describe().iter();
    let level = level.find(|line| line.name == "telemetry.log_level");
    if level.is_none_or(|line| line.source == Source::Default) {
        "warn".clone_into(&mut config.telemetry.log_level);
    }
    config.telemetry.otlp_endpoint = None;
    Telemetry::start(&config.telemetry)?;
    Ok(())
}

async fn serve(args: ServeArgs, config: &Config) -> anyhow::Result<()> {
    let mut signals = StopSignals::listen()?;
    let telemetry = Telemetry::start(&config.telemetry)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let stop = CancellationToken::new();
    let serving = Serving {
        config,
        telemetry: &telemetry,
        crash: args.crash_points(),
        stop: stop.clone(),
    };
    let served = async {
        let served = serve_until(serving, |address, models| greet(address, &models)).await;
        let flushed = telemetry.clone();
        tokio::task::spawn_blocking(move || flushed.shutdown()).await?;
        Ok(served?)
    };
    tokio::pin!(served);
    tokio::select! {
        served = &mut served => return served,
        () = signals.next() => {}
    }
    tracing::info!(
        "stopping: open requests may end, then everything is shut down; once more stops at once"
    );
    stop.cancel();
    tokio::select! {
        served = &mut served => served,
        () = signals.next() => {
            tracing::warn!("stopping at once");
            // The children are ended by their leashes, as after a `kill -9`.
            std::process::exit(STOPPED_AT_ONCE)
        }
    }
}

fn greet(address: SocketAddr, models: &[String]) {
    if let Err(error) = banner(&mut std::io::stdout(), address, models) {
        tracing::debug!(error = %error, "nobody reads the banner");
    }
}

fn code_of(done: anyhow::Result<ExitCode>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(error) if reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => complain(FAILED, &error),
    }
}

fn complain(code: u8, error: &anyhow::Error) -> ExitCode {
    remark(&sentence(error));
    ExitCode::from(code)
}

fn remark(words: &str) {
    // Where standard error is closed, the exit code has to say enough.
    let _unread = writeln!(std::io::stderr(), "jan-server: {words}");
}
