use std::sync::Arc;
use std::time::Instant;

use jan_domain::ports::ProviderFailure;
use opentelemetry::metrics::Histogram;
use opentelemetry::{KeyValue, global};

/// Bucket bounds the GenAI conventions advise for a whole call.
const DURATION_BOUNDS_S: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
/// Theirs for the first token, and two for prompts that take long to read.
const FIRST_CHUNK_BOUNDS_S: [f64; 18] = [
    0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
    30.0, 120.0,
];

/// The instruments of all providers, named by the GenAI conventions.
pub(super) struct Instruments {
    duration: Histogram<f64>,
    time_to_first_chunk: Histogram<f64>,
}

/// What is measured of one model of one provider. The attributes are made once, not per call.
pub(super) struct ModelMeasure {
    instruments: Arc<Instruments>,
    chat: Vec<KeyValue>,
    embeddings: Vec<KeyValue>,
}

/// One call under measurement. A call that is dropped before it ends counts as cancelled.
pub(super) struct CallMeasure {
    model: Arc<ModelMeasure>,
    operation: Operation,
    began: Instant,
    first_bytes_seen: bool,
    ended: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Chat,
    Embeddings,
}

impl Instruments {
    /// Takes them from the global meter, so telemetry has to be set up before providers are.
    pub(super) fn new() -> Self {
        let meter = global::meter("jan-server");
        Self {
            duration: meter
                .f64_histogram("gen_ai.client.operation.duration")
                .with_unit("s")
                .with_description("Duration of calls to model providers")
                .with_boundaries(DURATION_BOUNDS_S.into())
                .build(),
            time_to_first_chunk: meter
                .f64_histogram("gen_ai.client.operation.time_to_first_chunk")
                .with_unit("s")
                .with_description("Time until the first bytes of a streamed answer")
                .with_boundaries(FIRST_CHUNK_BOUNDS_S.into())
                .build(),
        }
    }
}

impl ModelMeasure {
    pub(super) fn new(instruments: Arc<Instruments>, provider: &str, model: &str) -> Self {
        let attributes = |operation: &'static str| {
            vec![
                KeyValue::new("gen_ai.operation.name", operation),
                KeyValue::new("gen_ai.provider.name", provider.to_owned()),
                KeyValue::new("gen_ai.request.model", model.to_owned()),
            ]
        };
        Self {
            instruments,
            chat: attributes("chat"),
            embeddings: attributes("embeddings"),
        }
    }

    /// The same instruments, for another model.
    pub(super) fn instruments(&self) -> Arc<Instruments> {
        Arc::clone(&self.instruments)
    }

    fn attributes(&self, operation: Operation) -> &[KeyValue] {
        match operation {
            Operation::Chat => &self.chat,
            Operation::Embeddings => &self.embeddings,
        }
    }
}

impl CallMeasure {
    pub(super) fn begin(model: &Arc<ModelMeasure>, operation: Operation) -> Self {
        let model = Arc::clone(model);
        Self {
            model,
            operation,
            began: Instant::now(),
            first_bytes_seen: false,
            ended: false,
        }
    }

    /// Notes bytes of a streamed answer; only the first count.
    pub(super) fn first_bytes(&mut self) {
        if !std::mem::replace(&mut self.first_bytes_seen, true) {
            let attributes = self.model.attributes(self.operation);
            let elapsed = self.began.elapsed().as_secs_f64();
            self.model
                .instruments
                .time_to_first_chunk
                .record(elapsed, attributes);
        }
    }

    /// Notes the end of the call; only the first counts.
    pub(super) fn end(&mut self, failure: Option<&ProviderFailure>) {
        self.record(failure.map(|failure| failure.recorded().kind.as_str()));
    }

    fn record(&mut self, error_type: Option<&'static str>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let duration = &self.model.instruments.duration;
        let elapsed = self.began.elapsed().as_secs_f64();
        let attributes = self.model.attributes(self.operation);
        match error_type {
            None => duration.record(elapsed, attributes),
            Some(error_type) => {
                let error = [KeyValue::new("error.type", error_type)];
                duration.record(elapsed, &[attributes, &error].concat());
            }
        }
    }
}

impl Drop for CallMeasure {
    fn drop(&mut self) {
        self.record(Some("cancelled"));
    }
}
