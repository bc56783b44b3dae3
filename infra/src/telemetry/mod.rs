//! What the server tells about itself: log lines always, metrics at `/metrics` always, and traces
//! and metrics to an OTLP collector when one is set.
//!
//! Everybody else uses `tracing` and `opentelemetry::global::meter("jan-server")` and knows nothing
//! of where it goes. Instruments are called `jan.…` or what the GenAI conventions call them;
//! Prometheus then shows `jan_…` and `gen_ai_…`, with the unit and `_total` appended.

mod logs;
mod metrics;
mod otlp;
mod span_fields;
#[cfg(test)]
mod tests;
pub mod trace_context;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prometheus::{Registry, TextEncoder};
use tracing::Subscriber;
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use trace_context::TraceContext;

use crate::config::TelemetrySettings;
use logs::Boxed;
use otlp::Collector;

/// The pipelines of this process. Cheap to clone; the last one to go does not flush, so call
/// [`Telemetry::shutdown`].
#[derive(Debug, Clone)]
pub struct Telemetry {
    registry: Registry,
    meters: SdkMeterProvider,
    tracers: Option<SdkTracerProvider>,
}

/// Why nothing can be told.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log level is neither a level nor directives.
    #[error(
        "'telemetry.log_level' must be trace, debug, info, warn, error, or directives such as info,jan_commands=debug"
    )]
    LogLevel(#[source] tracing_subscriber::filter::ParseError),
    /// The collector's URL is none.
    #[error("'telemetry.otlp_endpoint' must be a URL such as http://127.0.0.1:4318")]
    Endpoint,
    /// The collector's headers are none.
    #[error("'telemetry.otlp_headers' must be name=value, with commas between")]
    Headers,
    /// The exporters do not take these settings.
    #[error("the OTLP exporter cannot be set up")]
    Exporter(#[from] ExporterBuildError),
    /// The metrics pipeline does not come up.
    #[error("the metrics cannot be set up")]
    Metrics(#[source] OTelSdkError),
    /// This process logs elsewhere already.
    #[error("logging was set up twice")]
    StartedTwice(#[from] tracing_subscriber::util::TryInitError),
}

impl Telemetry {
    /// Sets up the process's logs, metrics and traces. Call it once, before anything is built that
    /// makes instruments.
    pub fn start(settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        let telemetry = Self::build(settings)?;
        tracing_subscriber::registry()
            .with(logs::filter(&settings.log_level).map_err(TelemetryError::LogLevel)?)
            .with(telemetry.span_layer())
            .with(logs::layer(settings))
            .try_init()?;
        opentelemetry::global::set_meter_provider(telemetry.meters.clone());
        Ok(telemetry)
    }

    /// The metrics in Prometheus's text format.
    pub fn render_metrics(&self) -> String {
        let mut text = String::new();
        let rendered = TextEncoder::new().encode_utf8(&self.registry.gather(), &mut text);
        if let Err(error) = rendered {
            tracing::error!(error = %error, "the metrics could not be rendered");
        }
        text
    }

    /// Sends what is still to be sent. Blocks its thread, a few seconds at worst, so call it when
    /// requests are done and from where blocking is allowed.
    pub fn shutdown(&self) {
        let report = |what: &'static str, result: OTelSdkResult| match result {
            Ok(()) | Err(OTelSdkError::AlreadyShutdown) => {}
            Err(error) => tracing::warn!(error = %error, "the last {what} could not be exported"),
        };
        if let Some(tracers) = &self.tracers {
            report("spans", tracers.shutdown());
        }
        report("metrics", self.meters.shutdown());
    }

    fn build(settings: &TelemetrySettings) -> Result<Self, TelemetryError> {
        crate::model_provider::install_crypto();
        let collector = Collector::of(settings)?;
        let registry = Registry::new();
        let meters = metrics::provider(settings, &registry, collector.as_ref())?;
        let tracers = collector
            .as_ref()
            .map(|collector| otlp::tracer_provider(settings, collector))
            .transpose()?;
        Ok(Self {
            registry,
            meters,
            tracers,
        })
    }

    /// Hands spans to the exporter; absent without one, so that spans then cost next to nothing.
    fn span_layer<S>(&self) -> Option<Boxed<S>>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let tracer = self.tracers.as_ref()?.tracer("jan-server");
        Some(
            tracing_opentelemetry::layer()
                .with_tracer(tracer)
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .boxed(),
        )
    }
}

fn resource(settings: &TelemetrySettings) -> Resource {
    Resource::builder()
        .with_service_name(settings.service_name.clone())
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.namespace", settings.service_namespace.clone()),
            KeyValue::new("deployment.environment.name", settings.environment.clone()),
        ])
        .build()
}
