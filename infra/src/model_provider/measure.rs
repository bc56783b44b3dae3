use std::sync::Arc;
use std::time::Instant;

use jan_domain::ports::ProviderFailure;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, Meter};

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
    pub(super) fn new(meter: &Meter) -> Self {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use opentelemetry::metrics::MeterProvider;
    use opentelemetry_sdk::metrics::SdkMeterProvider;
    use prometheus::{Registry, TextEncoder};

    use super::{CallMeasure, Instruments, ModelMeasure, Operation, ProviderFailure};

    #[test]
    fn every_call_is_counted_once_with_its_outcome() {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter().with_registry(registry.clone());
        let meters = SdkMeterProvider::builder()
            .with_reader(exporter.build().unwrap())
            .build();
        let instruments = Arc::new(Instruments::new(&meters.meter("test")));
        let model = Arc::new(ModelMeasure::new(instruments, "p", "m"));

        let mut well = CallMeasure::begin(&model, Operation::Chat);
        well.first_bytes();
        well.first_bytes();
        well.end(None);
        well.end(Some(&ProviderFailure::Cut));
        drop(well);
        CallMeasure::begin(&model, Operation::Embeddings).end(Some(&ProviderFailure::Stalled));
        drop(CallMeasure::begin(&model, Operation::Chat));

        let text = TextEncoder::new()
            .encode_to_string(&registry.gather())
            .unwrap();
        let count = |name: &str, labels: &[&str]| {
            let mut lines = text.lines().filter(|line| {
                line.starts_with(name) && labels.iter().all(|label| line.contains(label))
            });
            lines
                .next()
                .map(|line| line.rsplit(' ').next().unwrap().to_owned())
        };
        let one = Some("1".to_owned());
        let labels = [
            "gen_ai_provider_name=\"p\"",
            "gen_ai_request_model=\"m\"",
            "name=\"chat\"",
        ];
        assert_eq!(
            count(
                "gen_ai_client_operation_time_to_first_chunk_seconds_count",
                &labels
            ),
            one
        );
        let duration = "gen_ai_client_operation_duration_seconds_count";
        assert_eq!(count(duration, &labels), one, "{text}");
        assert_eq!(
            count(
                duration,
                &["error_type=\"provider_stalled\"", "\"embeddings\""]
            ),
            one
        );
        assert_eq!(
            count(duration, &["error_type=\"cancelled\"", "\"chat\""]),
            one
        );
        assert_eq!(count(duration, &["error_type=\"provider_cut\""]), None);
    }
}
