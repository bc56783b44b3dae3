//! `jan-server`, the program.

use std::process::ExitCode;

use clap::Parser;
use jan_api::cli::serve::{ServeArgs, banner};
use jan_api::cli::{Cli, Command, Options};
use jan_api::wiring::{Serving, serve_until};
use jan_infra::config::{Config, Overrides};
use jan_infra::telemetry::Telemetry;
use tokio_util::sync::CancellationToken;

/// Exit code of a program that could not do what it was asked.
const FAILED: u8 = 1;
/// Exit code of a program that was asked wrongly, as clap uses it too.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let extra = match &cli.command {
        Command::Serve(serve) => serve.overrides(),
    };
    let config = match load(&cli.options, extra) {
        Ok(config) => config,
        Err(error) => return complain(MISUSED, &error),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return complain(FAILED, &error.into()),
    };
    let done = runtime.block_on(run(cli.command, config));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(FAILED, &error),
    }
}

fn load(options: &Options, extra: Vec<(String, String)>) -> anyhow::Result<Config> {
    let mut overrides = Overrides::default();
    if let Some(file) = &options.config {
        overrides.config_file(file);
    }
    for (name, value) in options.overrides().into_iter().chain(extra) {
        overrides.set(name, value);
    }
    Ok(Config::load(overrides)?)
}

async fn run(command: Command, config: Config) -> anyhow::Result<()> {
    match command {
        Command::Serve(args) => serve(args, &config).await,
    }
}

async fn serve(args: ServeArgs, config: &Config) -> anyhow::Result<()> {
    let telemetry = Telemetry::start(&config.telemetry)?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    let stop = CancellationToken::new();
    let served = {
        let asked = stop.clone();
        let started = |address, models: Vec<String>| {
            if let Err(error) = banner(&mut std::io::stdout(), address, &models) {
                tracing::debug!(error = %error, "nobody reads the banner");
            }
        };
        let crash = args.crash_points();
        let serving = Serving {
            config,
            telemetry: &telemetry,
            crash,
            stop,
        };
        let serving = serve_until(serving, started);
        tokio::pin!(serving);
        tokio::select! {
            served = &mut serving => served,
            () = asked_to_stop() => {
                tracing::info!("stopping: open requests may end, then everything is shut down");
                asked.cancel();
                serving.await
            }
        }
    };
    let flushed = telemetry.clone();
    tokio::task::spawn_blocking(move || flushed.shutdown()).await?;
    Ok(served?)
}

/// Resolves at Ctrl-C or SIGTERM. A second one ends the process at once.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the command line's own words go to a person"
)]
fn complain(code: u8, error: &anyhow::Error) -> ExitCode {
    eprintln!("jan-server: {error:#}");
    ExitCode::from(code)
}
