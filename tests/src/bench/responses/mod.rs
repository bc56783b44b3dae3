//! What a response costs: how much later its reader has a token than the model gave it away, what a
//! crowd of runs in the background needs and leaves behind, and a call's price beside a chat
//! completion's.
//!
//! Start reading at [`run`]. `paced` is a model that says in every frame when it was written, and
//! `delay` reads such streams through every variant; `crowd` watches runs in the background; `price`
//! uses what the chat benchmark is made of.

mod crowd;
mod delay;
mod paced;
mod price;
mod watched;

use std::io::{Write, stderr, stdout};

use anyhow::Context as _;
use clap::Args;

use super::Settings;
use super::machine::Machine;
use super::stage::Stage;

/// How much is measured of responses. The defaults take about three minutes on two cores.
#[derive(Debug, Clone, Args)]
pub struct ResponsesSettings {
    /// Rounds of streams whose delay is measured; 0 leaves this part out
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub delay_rounds: usize,

    /// Streams at once
    #[arg(
        long,
        value_name = "COUNT,…",
        value_delimiter = ',',
        default_value = "1,16"
    )]
    pub streams_at_once: Vec<usize>,

    /// Frames of each of these streams
    #[arg(long, value_name = "COUNT", default_value_t = 200)]
    pub frames: usize,

    /// Time between two frames
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 5)]
    pub frame_ms: u64,

    /// Runs in the background that are asked for at once; 0 leaves this part out
    #[arg(long, value_name = "COUNT", default_value_t = 500)]
    pub crowd: usize,

    /// How often that is done on the same server
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    pub waves: usize,

    /// Rounds of calls whose price is measured; 0 leaves this part out
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    pub price_rounds: usize,

    /// Whole answers per round and kind
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub whole_calls: usize,
}

/// Measures it all once and prints it. Everything that was started is stopped again.
pub async fn run_responses(settings: &Settings, own: &ResponsesSettings) -> anyhow::Result<()> {
    anyhow::ensure!(
        cfg!(target_os = "linux"),
        "processes are watched in /proc, which only Linux has"
    );
    super::process::build_what_is_measured().await?;
    if own.delay_rounds > 0 {
        let model = paced::PacedModel::start(own)?;
        let stage = Stage::set_up_on(settings, model.address).await?;
        let measured = measure_delays(&stage, own).await;
        stage.clear().await;
        tell(&measured?)?;
    }
    let mut settings = settings.clone();
    let private = "tools.allow_private=127.0.0.1".to_owned();
    settings.server_settings.push(private);
    if own.crowd > 0 {
        let stage = Stage::set_up(&settings).await?;
        let measured = crowd::measure(&settings, &stage, own).await;
        stage.clear().await;
        tell(&measured?)?;
    }
    if own.price_rounds > 0 {
        let stage = Stage::set_up(&settings).await?;
        let measured = price::measure(&settings, &stage, own).await;
        stage.clear().await;
        tell(&measured?)?;
    }
    Ok(())
}

async fn measure_delays(stage: &Stage, own: &ResponsesSettings) -> anyhow::Result<String> {
    let machine = Machine::look(stage)?;
    let delays = delay::measure(stage, own).await?;
    Ok(format!("{machine}\n\n{delays}"))
}

fn tell(text: &str) -> anyhow::Result<()> {
    writeln!(stdout(), "{text}").context("nobody reads the report")
}

/// Says what is going on, to whoever watches.
fn progress(text: &str) -> anyhow::Result<()> {
    writeln!(stderr(), "{text}").context("nobody reads the progress")
}
