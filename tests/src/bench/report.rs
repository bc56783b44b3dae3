//! From samples to figures, and from figures to a table for people.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::Settings;
use super::load::Answers;
use super::machine::Machine;
use super::parity::Rows;
use super::stage::{Cost, Variant};
use super::workload::Workload;

/// One variant under one load, once.
pub(super) struct Sample {
    pub(super) variant: Variant,
    pub(super) cost: Cost,
    pub(super) rows: Rows,
    pub(super) answers: Answers,
}

/// All samples of a run, by load.
pub(super) struct Report {
    machine: Machine,
    rounds: usize,
    loads: Vec<Load>,
}

pub(super) struct Load {
    name: String,
    /// Of each answer, if it is streamed.
    frames: Option<usize>,
    request_bytes: usize,
    samples: Vec<Sample>,
}

/// Everything that is told, as `--json` prints it.
#[derive(Serialize)]
pub(super) struct Figures<'r> {
    machine: &'r Machine,
    rounds: usize,
    loads: Vec<LoadFigures<'r>>,
}

#[derive(Serialize)]
struct LoadFigures<'r> {
    load: &'r str,
    request_bytes: usize,
    variants: Vec<VariantFigures>,
    /// Server CPU of `full` for each one of `pass-through`.
    ratio_server: f64,
    /// The same with Postgres counted in.
    ratio_total: f64,
    rows: RowFigures,
}

/// Medians of the rounds; latencies are over all rounds.
#[derive(Serialize)]
pub(super) struct VariantFigures {
    variant: Variant,
    pub(super) right: usize,
    pub(super) wrong: usize,
    pub(super) complaint: Option<String>,
    pub(super) calls_per_second: f64,
    pub(super) server_cpu_us: Spread,
    pub(super) postgres_cpu_us: Spread,
    /// Server CPU for one frame of a stream.
    pub(super) frame_cpu_us: Option<f64>,
    pub(super) latency_ms: Percentiles,
    first_bytes_ms: Percentiles,
}

/// The median of the rounds, and the rounds furthest from it.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Spread {
    pub(super) median: f64,
    least: f64,
    most: f64,
}

#[derive(Clone, Copy, Serialize)]
pub(super) struct Percentiles {
    pub(super) p50: f64,
    pub(super) p99: f64,
}

#[derive(Serialize)]
pub(super) struct RowFigures {
    pub(super) answered: usize,
    pub(super) events: i64,
    completed: i64,
    pub(super) equal: bool,
}

impl Report {
    pub(super) fn new(machine: Machine, settings: &Settings) -> Self {
        Self {
            machine,
            rounds: settings.rounds,
            loads: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, workload: &Workload, sample: Sample) {
        let known = self
            .loads
            .iter()
            .position(|load| load.name == workload.name);
        let place = known.unwrap_or_else(|| {
            self.loads.push(Load::new(workload));
            self.loads.len() - 1
        });
        self.loads[place].add(sample);
    }

    pub(super) fn figures(&self) -> Figures<'_> {
        Figures {
            machine: &self.machine,
            rounds: self.rounds,
            loads: self.loads.iter().map(Load::figures).collect(),
        }
    }
}

impl Load {
    pub(super) fn new(workload: &Workload) -> Self {
        Self {
            name: workload.name.clone(),
            frames: workload.kind.is_stream().then_some(workload.frames),
            request_bytes: workload.body.len(),
            samples: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, sample: Sample) {
        self.samples.push(sample);
    }

    fn figures(&self) -> LoadFigures<'_> {
        let variants = Variant::ALL.map(|variant| self.variant(variant));
        let [_, through, full] = &variants;
        let floor = through.server_cpu_us.median;
        LoadFigures {
            load: &self.name,
            request_bytes: self.request_bytes,
            ratio_server: full.server_cpu_us.median / floor,
            ratio_total: (full.server_cpu_us.median + full.postgres_cpu_us.median) / floor,
            rows: self.rows(),
            variants: variants.into(),
        }
    }

    fn of(&self, variant: Variant) -> impl Iterator<Item = &Sample> {
        self.samples
            .iter()
            .filter(move |sample| sample.variant == variant)
    }

    /// What one variant has shown.
    pub(super) fn variant(&self, variant: Variant) -> VariantFigures {
        let per_call = |cost: fn(&Sample) -> Duration| {
            Spread::of(
                self.of(variant)
                    .map(|sample| micros(cost(sample)) / to_float(sample.answers.right.max(1))),
            )
        };
        let server_cpu_us = per_call(|sample| sample.cost.server);
        let rate =
            |sample: &Sample| to_float(sample.answers.right) / sample.answers.took.as_secs_f64();
        let all = |times: fn(&Answers) -> &[Duration]| {
            Percentiles::of(self.of(variant).flat_map(|sample| times(&sample.answers)))
        };
        VariantFigures {
            variant,
            right: self.of(variant).map(|sample| sample.answers.right).sum(),
            wrong: self.of(variant).map(|sample| sample.answers.wrong).sum(),
            complaint: self
                .of(variant)
                .find_map(|sample| sample.answers.complaint.clone()),
            calls_per_second: Spread::of(self.of(variant).map(rate)).median,
            server_cpu_us,
            postgres_cpu_us: per_call(|sample| sample.cost.postgres),
            frame_cpu_us: self
                .frames
                .map(|frames| server_cpu_us.median / to_float(frames)),
            latency_ms: all(|answers| &answers.latencies),
            first_bytes_ms: all(|answers| &answers.first_bytes),
        }
    }

    /// What is on record of the full variant.
    pub(super) fn rows(&self) -> RowFigures {
        let full = || self.of(Variant::Full);
        let answered: usize = full().map(|sample| sample.answers.right).sum();
        let events = full().map(|sample| sample.rows.events).sum();
        let completed = full().map(|sample| sample.rows.completed).sum();
        let expected = i64::try_from(answered).unwrap_or(i64::MAX);
        RowFigures {
            answered,
            events,
            completed,
            equal: events == 2 * expected && completed == expected,
        }
    }
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or_default();
        Self {
            median: at(values.len() / 2),
            least: at(0),
            most: at(values.len().saturating_sub(1)),
        }
    }
}

impl Percentiles {
    pub(super) fn of<'t>(times: impl Iterator<Item = &'t Duration>) -> Self {
        let mut times: Vec<Duration> = times.copied().collect();
        times.sort_unstable();
        let at = |percent: usize| {
            let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
            times.get(place).map_or(0.0, |time| micros(*time) / 1_000.0)
        };
        Self {
            p50: at(50),
            p99: at(99),
        }
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000_000.0
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nobody counts to 2^52 in a benchmark"
)]
pub(super) fn to_float(count: usize) -> f64 {
    count as f64
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds;
        writeln!(f, "{}", self.machine)?;
        writeln!(
            f,
            "{rounds} interleaved rounds; CPU per call: median of the rounds [least–most]"
        )?;
        for load in self.figures().loads {
            writeln!(f, "\n{load}")?;
        }
        Ok(())
    }
}

impl fmt::Display for LoadFigures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} (request of {} bytes)", self.load, self.request_bytes)?;
        writeln!(
            f,
            "  {:<13}{:>7}{:>7}{:>10}{:>26}{:>24}{:>10}{:>17}{:>17}",
            "variant",
            "calls",
            "wrong",
            "calls/s",
            "server CPU µs",
            "Postgres CPU µs",
            "µs/frame",
            "p50/p99 ms",
            "first p50/p99",
        )?;
        for variant in &self.variants {
            writeln!(f, "  {variant}")?;
        }
        for variant in &self.variants {
            if let Some(complaint) = &variant.complaint {
                writeln!(f, "  {} said: {complaint}", variant.variant.name())?;
            }
        }
        let RowFigures {
            answered,
            events,
            completed,
            equal,
        } = self.rows;
        let verdict = if equal { "all kept" } else { "NOT EQUAL" };
        write!(
            f,
            "  full/pass-through: {:.2} server, {:.2} with Postgres; on record: {events} events and \
             {completed} rows for {answered} answers, {verdict}",
            self.ratio_server, self.ratio_total,
        )
    }
}

impl fmt::Display for VariantFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = self
            .frame_cpu_us
            .map_or_else(String::new, |time| format!("{time:.1}"));
        write!(
            f,
            "{:<13}{:>7}{:>7}{:>10.0}{:>26}{:>24}{:>10}{:>17}{:>17}",
            self.variant.name(),
            self.right,
            self.wrong,
            self.calls_per_second,
            self.server_cpu_us.to_string(),
            self.postgres_cpu_us.to_string(),
            frame,
            self.latency_ms.to_string(),
            self.first_bytes_ms.to_string(),
        )
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.most == 0.0 {
            return Ok(());
        }
        write!(f, "{:.1} [{:.1}–{:.1}]", self.median, self.least, self.most)
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}/{:.2}", self.p50, self.p99)
    }
}
