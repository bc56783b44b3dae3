//! A response's price in CPU time and rows, beside a chat completion's.

use std::fmt::Write as _;

use super::{ResponsesSettings, progress};
use crate::bench::report::Load;
use crate::bench::stage::{Stage, Variant};
use crate::bench::workload::{Kind, Workload};
use crate::bench::{Settings, sample};

/// Callers at once.
const CONNECTIONS: usize = 8;
/// Frames of the two answers whose price per frame must be the same.
const LENGTHS: [usize; 2] = [100, 1_600];

/// What a response costs beside a chat completion, in interleaved rounds of one run.
pub(super) async fn measure(
    settings: &Settings,
    stage: &Stage,
    own: &ResponsesSettings,
) -> anyhow::Result<String> {
    let mut workloads = workloads(own.whole_calls);
    for workload in &mut workloads {
        workload.patience = settings.patience;
    }
    let mut loads: Vec<Load> = workloads.iter().map(Load::new).collect();
    sample(stage, Variant::Full, &Workload::warm_up()).await?;
    for round in 1..=own.price_rounds {
        for (workload, load) in workloads.iter().zip(&mut loads) {
            progress(&format!("round {round}: {}", workload.name))?;
            load.add(sample(stage, Variant::Full, workload).await?);
        }
    }
    let mut text = format!(
        "the price of a call, {CONNECTIONS} at once; CPU: median of {} rounds [least–most]\n",
        own.price_rounds
    );
    writeln!(
        text,
        "  {:<32}{:>6}{:>6}{:>8}{:>26}{:>26}{:>9}{:>15}{:>11}",
        "kind",
        "calls",
        "wrong",
        "calls/s",
        "server CPU µs",
        "Postgres CPU µs",
        "µs/frame",
        "p50/p99 ms",
        "events",
    )?;
    for (workload, load) in workloads.iter().zip(&loads) {
        writeln!(text, "  {}", line(&workload.name, load))?;
    }
    Ok(text)
}

fn line(name: &str, load: &Load) -> String {
    let shown = load.variant(Variant::Full);
    let rows = load.rows();
    let frame = shown.frame_cpu_us;
    let mut line = format!(
        "{name:<32}{:>6}{:>6}{:>8.0}{:>26}{:>26}{:>9}{:>15}{:>11}",
        shown.right,
        shown.wrong,
        shown.calls_per_second,
        shown.server_cpu_us.to_string(),
        shown.postgres_cpu_us.to_string(),
        frame.map_or_else(String::new, |time| format!("{time:.1}")),
        shown.latency_ms.to_string(),
        format!(
            "{}{}",
            rows.events,
            if rows.equal { " =2×" } else { " NOT 2×" }
        ),
    );
    if let Some(complaint) = shown.complaint {
        line.push_str("\n    said: ");
        line.push_str(&complaint);
    }
    line
}

fn workloads(calls: usize) -> Vec<Workload> {
    let named = |name: &str, kind| Workload::new(name.to_owned(), "bench", kind);
    let mut all = vec![
        named("chat, whole", Kind::Chat).load(CONNECTIONS, calls),
        named("response, whole", Kind::Response).load(CONNECTIONS, calls),
        named("chat, 65 frames", Kind::ChatStream).load(CONNECTIONS, calls / 4),
        named("response, 65 frames", Kind::ResponseStream).load(CONNECTIONS, calls / 4),
    ];
    for length in LENGTHS {
        let prompt = format!("count to {length}");
        for (name, kind) in [
            ("chat", Kind::ChatStream),
            ("response", Kind::ResponseStream),
        ] {
            let name = format!("{name}, {length} words");
            let mut workload = Workload::new(name, &prompt, kind);
            // The role comes first and the finish reason last.
            workload.frames = length + 2;
            all.push(workload.load(CONNECTIONS, calls.min(6_400 / length)));
        }
    }
    all
}
