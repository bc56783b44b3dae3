//! What a chat call costs here, beside what it costs without us.
//!
//! Three variants answer the same calls in interleaved rounds of one run: the scripted model itself
//! (`direct`), the same web stack with no authentication and nothing kept (`pass-through`), and the
//! real server on a durable Postgres (`full`). The figure to trust is CPU time per call, because it
//! hardly moves when the machine is busy with something else; rates and latencies do. Nothing is
//! asserted: numbers belong to a machine, and whoever reads them judges them.
//!
//! [`run_responses`] measures what has several steps and streams of events: see `responses`.
//!
//! [`run_rebuild`] measures how fast read models are built anew.
//!
//! Start reading at [`run`]; `stage` sets the variants up, `load` calls them, `cpu` reads what that
//! cost, `report` tells it.

mod connection;
mod cpu;
mod load;
mod machine;
mod parity;
mod pass_through;
mod process;
mod rebuild;
mod report;
mod responses;
mod settings;
mod stage;
mod workload;

use std::io::{Write, stderr, stdout};

use anyhow::Context as _;

pub use pass_through::pass_through;
pub use rebuild::{RebuildSettings, run_rebuild};
pub use responses::{ResponsesSettings, run_responses};
pub use settings::Settings;

use load::drive;
use machine::Machine;
use report::{Report, Sample};
use stage::{Stage, Variant};
use workload::Workload;

/// Measures everything once and prints it. Everything that was started is stopped again.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    anyhow::ensure!(
        cfg!(target_os = "linux"),
        "CPU time is read from /proc, which only Linux has"
    );
    process::build_what_is_measured().await?;
    let stage = Stage::set_up(settings).await?;
    let measured = measure(settings, &stage).await;
    stage.clear().await;
    let report = measured?;
    let text = if settings.json {
        serde_json::to_string_pretty(&report.figures())?
    } else {
        report.to_string()
    };
    writeln!(stdout(), "{text}").context("nobody reads the report")
}

async fn measure(settings: &Settings, stage: &Stage) -> anyhow::Result<Report> {
    let workloads = Workload::all(settings);
    let mut report = Report::new(Machine::look(stage)?, settings);
    for variant in Variant::ALL {
        sample(stage, variant, &Workload::warm_up()).await?;
    }
    for round in 1..=settings.rounds {
        for workload in &workloads {
            writeln!(stderr(), "round {round}: {}", workload.name)?;
            for variant in Variant::ALL {
                report.add(workload, sample(stage, variant, workload).await?);
            }
        }
    }
    Ok(report)
}

/// One variant under one load: what came back, and what that cost until all of it was done, the
/// folding of read models included.
async fn sample(stage: &Stage, variant: Variant, workload: &Workload) -> anyhow::Result<Sample> {
    let rows_before = stage.rows(variant).await?;
    let cost_before = stage.cost(variant)?;
    let answers = drive(stage.door(variant), workload).await?;
    stage.settle(variant).await?;
    let cost = stage.cost(variant)?.since(&cost_before);
    let rows = stage.rows(variant).await?.since(rows_before);
    Ok(Sample {
        variant,
        cost,
        rows,
        answers,
    })
}
