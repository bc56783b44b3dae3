use opentelemetry_sdk::metrics::{
    Aggregation, Instrument, InstrumentKind, PeriodicReader, SdkMeterProvider, Stream,
};
use prometheus::Registry;

use super::otlp::{self, Collector};
use super::{TelemetryError, resource};
use crate::config::TelemetrySettings;

/// Bounds for our own times. The default ones are made for milliseconds, and our units are
/// seconds, from one append to one long model call.
const SECONDS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0,
    30.0, 120.0,
];

/// The instruments of the whole process, read by `/metrics` and, if there is one, sent to the
/// collector.
pub(super) fn provider(
    settings: &TelemetrySettings,
    registry: &Registry,
    collector: Option<&Collector>,
) -> Result<SdkMeterProvider, TelemetryError> {
    let scraped = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()
        .map_err(TelemetryError::Metrics)?;
    let mut provider = SdkMeterProvider::builder()
        .with_resource(resource(settings))
        .with_view(in_seconds)
        .with_reader(scraped);
    if let Some(collector) = collector {
        let pushed = PeriodicReader::builder(otlp::metric_exporter(collector)?)
            .with_interval(settings.metrics_interval)
            .build();
        provider = provider.with_reader(pushed);
    }
    Ok(provider.build())
}

/// Histograms of ours in seconds get [`SECONDS`]. Others, such as those of the GenAI conventions,
/// bring bounds of their own, which a view would overrule.
fn in_seconds(instrument: &Instrument) -> Option<Stream> {
    let ours = instrument.kind() == InstrumentKind::Histogram
        && instrument.unit() == "s"
        && instrument.name().starts_with("jan.");
    let stream = || {
        Stream::builder()
            .with_aggregation(Aggregation::ExplicitBucketHistogram {
                boundaries: SECONDS.to_vec(),
                record_min_max: false,
            })
            .build()
            .expect("the bounds are sorted")
    };
    ours.then(stream)
}
