//! Hundreds of runs in the background at once: whether all end well, how fast, and what stays.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::json;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::watched::{Holdings, descriptors_by_kind};
use super::{ResponsesSettings, progress};
use crate::bench::Settings;
use crate::bench::connection::{Connection, request};
use crate::bench::load::Door;
use crate::bench::parity::Endings;
use crate::bench::process::{Process, sibling};
use crate::bench::stage::{Cost, Stage, Variant, scratch_of};

/// Longest time a crowd may take.
const PATIENCE: Duration = Duration::from_mins(3);
/// Between two looks at the server.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// After the last run has ended, until what stays is looked at.
const REST: Duration = Duration::from_secs(10);
/// One run in so many uses a tool.
const TOOL_EVERY: usize = 4;

/// What one wave did, and what it left.
struct Wave {
    accepted: Duration,
    completed: Duration,
    refused: usize,
    endings: Endings,
    peak: Holdings,
    after: Holdings,
    cost: Cost,
}

/// Lets a crowd of runs loose on one server, several times, and tells what that took.
pub(super) async fn measure(
    settings: &Settings,
    stage: &Stage,
    own: &ResponsesSettings,
) -> anyhow::Result<String> {
    let tools = Command::new(sibling("scripted-tools")?);
    let log = scratch_of(settings)?.join("tools.log");
    let tools = Process::start(tools, &log).await?;
    let url = format!("http://{}/mcp", tools.address);
    let measured = waves(stage, own, &url).await;
    tools.end().await;
    measured
}

async fn waves(stage: &Stage, own: &ResponsesSettings, tools: &str) -> anyhow::Result<String> {
    let pid = stage.server_pid()?;
    let before = Holdings::of(pid)?;
    let kinds_before = descriptors_by_kind(pid)?;
    let mut waves = Vec::new();
    for number in 1..=own.waves {
        progress(&format!(
            "wave {number}: {} runs in the background",
            own.crowd
        ))?;
        waves.push(wave(stage, own.crowd, tools).await?);
    }
    let mut text = format!(
        "{} runs in the background asked for at once, one in {TOOL_EVERY} with a tool call\n",
        own.crowd
    );
    writeln!(
        text,
        "  {:<6}{:>10}{:>8}{:>14}{:>13}{:>9}{:>8}{:>12}{:>24}{:>14}",
        "wave",
        "completed",
        "failed",
        "all accepted",
        "all ended",
        "runs/s",
        "events",
        "CPU ms/run",
        "MB before/peak/after",
        "descriptors",
    )?;
    let mut earlier = before;
    for (number, wave) in (1..).zip(&waves) {
        writeln!(text, "  {number:<6}{}", wave.line(own.crowd, earlier))?;
        earlier = wave.after;
    }
    writeln!(text, "  descriptors before: {kinds_before:?}")?;
    writeln!(
        text,
        "  descriptors after:  {:?}",
        descriptors_by_kind(pid)?
    )?;
    let threads = waves.last().map(|wave| wave.after.threads);
    writeln!(
        text,
        "  threads: {} before, {threads:?} after",
        before.threads
    )?;
    let left = stage.observer().left_by_runs().await?;
    write!(text, "  left in the database: {left}")?;
    writeln!(text)?;
    Ok(text)
}

async fn wave(stage: &Stage, crowd: usize, tools: &str) -> anyhow::Result<Wave> {
    let pid = stage.server_pid()?;
    let known = stage.observer().endings().await?;
    let cost = stage.cost(Variant::Full)?;
    let began = Instant::now();
    let asking = ask_all(stage.door(Variant::Full), crowd, tools);
    let watching = watch(stage, known, crowd, began);
    let (asked, watched) = tokio::join!(asking, watching);
    let (accepted, refused) = asked?;
    let (completed, endings, peak) = watched?;
    stage.settle(Variant::Full).await?;
    let cost = stage.cost(Variant::Full)?.since(&cost);
    sleep(REST).await;
    Ok(Wave {
        accepted,
        completed,
        refused,
        endings,
        peak,
        after: Holdings::of(pid)?,
        cost,
    })
}

/// Asks for all runs, each on a connection of its own; answers how long that took, and how many were
/// refused.
async fn ask_all(door: Door, crowd: usize, tools: &str) -> anyhow::Result<(Duration, usize)> {
    let began = Instant::now();
    let door = Arc::new(door);
    let mut callers = JoinSet::new();
    for number in 0..crowd {
        let body = body(number, tools);
        let door = Arc::clone(&door);
        callers.spawn(async move {
            let request = request("/v1/responses", door.token.as_deref(), &body);
            let mut connection = Connection::open(door.address).await?;
            let answer = connection.call(&request).await?;
            anyhow::Ok(answer.status == 200)
        });
    }
    let mut refused = 0;
    while let Some(caller) = callers.join_next().await {
        refused += usize::from(!caller?.context("a run could not be asked for")?);
    }
    Ok((began.elapsed(), refused))
}

fn body(number: usize, tools: &str) -> String {
    let pace = "[first_token_ms=20] [frame_ms=5]";
    let mut body = json!({"model": "scripted-1", "background": true,
        "input": format!("{pace} count to 20")});
    if number.is_multiple_of(TOOL_EVERY) {
        let order = r#"call tool docs__echo with {"text": "tea"}"#;
        body["input"] = json!(format!("{pace}\n{order}"));
        body["tools"] = json!([{"type": "mcp", "server_label": "docs", "server_url": tools,
            "authorization": "tok-1", "require_approval": "never"}]);
    }
    body.to_string()
}

/// Looks at the server until all runs have ended.
async fn watch(
    stage: &Stage,
    known: Endings,
    crowd: usize,
    began: Instant,
) -> anyhow::Result<(Duration, Endings, Holdings)> {
    let pid = stage.server_pid()?;
    let mut peak = Holdings::default();
    loop {
        peak = peak.most(Holdings::of(pid)?);
        let endings = stage.observer().endings().await?.since(known);
        if usize::try_from(endings.all())? >= crowd {
            return Ok((began.elapsed(), endings, peak));
        }
        ensure!(
            began.elapsed() < PATIENCE,
            "{} of {crowd} runs have ended in {PATIENCE:?}",
            endings.all()
        );
        sleep(LOOK_EVERY).await;
    }
}

impl Wave {
    fn line(&self, crowd: usize, before: Holdings) -> String {
        let runs = f64::from(u32::try_from(crowd).unwrap_or(u32::MAX));
        let per_run = |time: Duration| time.as_secs_f64() * 1_000.0 / runs;
        let Endings {
            completed, events, ..
        } = self.endings;
        let failed = self.endings.all() - completed;
        let megabytes = |held: Holdings| held.resident_kb / 1_024;
        format!(
            "{completed:>10}{:>8}{:>12.2} s{:>11.2} s{:>9.0}{events:>8}{:>12}{:>24}{:>14}",
            failed + i64::try_from(self.refused).unwrap_or(i64::MAX),
            self.accepted.as_secs_f64(),
            self.completed.as_secs_f64(),
            runs / self.completed.as_secs_f64(),
            format!(
                "{:.1}+{:.1}",
                per_run(self.cost.server),
                per_run(self.cost.postgres)
            ),
            format!(
                "{}/{}/{}",
                megabytes(before),
                megabytes(self.peak),
                megabytes(self.after)
            ),
            format!(
                "{}/{}/{}",
                before.descriptors, self.peak.descriptors, self.after.descriptors
            ),
        )
    }
}
