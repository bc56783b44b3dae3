//! Instruments of the write side. Made once; recording costs a few dozen nanoseconds.

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};

use jan_domain::response::{Timing, Usage};

fn meter() -> Meter {
    opentelemetry::global::meter("jan-server")
}

pub(crate) struct AppendMetrics {
    events: Counter<u64>,
    batches: Counter<u64>,
    conflicts: Counter<u64>,
}

impl AppendMetrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        let metrics = Self {
            events: meter.u64_counter("jan.events.appended").build(),
            batches: meter.u64_counter("jan.events.append_statements").build(),
            conflicts: meter.u64_counter("jan.events.append_conflicts").build(),
        };
        // Shown from zero: whoever watches it must see its first increment.
        metrics.conflicts.add(0, &[]);
        metrics
    }

    pub(crate) fn appended(&self, events: usize) {
        self.events.add(events as u64, &[]);
        self.batches.add(1, &[]);
    }

    pub(crate) fn conflicted(&self) {
        self.conflicts.add(1, &[]);
    }
}

/// Instruments of model calls.
pub(crate) struct RunMetrics {
    open: UpDownCounter<i64>,
    ended: Counter<u64>,
    first_token: Histogram<f64>,
    duration: Histogram<f64>,
    tokens: Counter<u64>,
}

impl RunMetrics {
    pub(crate) fn new() -> Self {
        let meter = meter();
        let seconds = |name: &'static str, what: &'static str| {
            meter
                .f64_histogram(name)
                .with_unit("s")
                .with_description(what)
                .build()
        };
        Self {
            open: meter
                .i64_up_down_counter("jan.runs.open")
                .with_description("Model calls under way on this node")
                .build(),
            ended: meter
                .u64_counter("jan.runs.ended")
                .with_description("Model calls by how they ended")
                .build(),
            first_token: seconds(
                "jan.runs.time_to_first_token",
                "From acceptance to the first byte",
            ),
            duration: seconds("jan.runs.duration", "From acceptance to the recorded end"),
            tokens: meter
                .u64_counter("jan.tokens")
                .with_description("Tokens as the providers counted them")
                .build(),
        }
    }

    pub(crate) fn opened(&self) {
        self.open.add(1, &[]);
    }

    /// A run goes on elsewhere, or here again.
    pub(crate) fn let_go(&self, model: &str) {
        let model = KeyValue::new("gen_ai.request.model", model.to_owned());
        self.open.add(-1, &[]);
        self.ended
            .add(1, &[KeyValue::new("ending", "let_go"), model]);
    }

    pub(crate) fn began_to_answer(&self, timing: Timing) {
        self.first_token.record(seconds(timing.first_token_ms), &[]);
    }

    pub(crate) fn ended(&self, ending: &'static str, model: &str, timing: Timing, usage: Usage) {
        let model = KeyValue::new("gen_ai.request.model", model.to_owned());
        self.open.add(-1, &[]);
        self.ended
            .add(1, &[KeyValue::new("ending", ending), model.clone()]);
        self.duration.record(seconds(timing.total_ms), &[]);
        let kind = |name: &'static str| KeyValue::new("gen_ai.token.type", name);
        self.tokens
            .add(usage.input_tokens, &[kind("input"), model.clone()]);
        self.tokens
            .add(usage.output_tokens, &[kind("output"), model]);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no call lasts long enough to lose a millisecond"
)]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
