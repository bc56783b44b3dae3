//! Export over OTLP/HTTP. The exporters run on threads of their own with a client of their own, so
//! that a slow collector delays no request and a last flush works while the server shuts down.

use std::collections::HashMap;

use opentelemetry_otlp::{
    ExporterBuildError, MetricExporter, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use super::{TelemetryError, resource};
use crate::config::TelemetrySettings;

/// Where exports go.
pub(super) struct Collector {
    base: String,
    headers: HashMap<String, String>,
}

impl Collector {
    /// The configured one, if any.
    pub(super) fn of(settings: &TelemetrySettings) -> Result<Option<Self>, TelemetryError> {
        let Some(endpoint) = &settings.otlp_endpoint else {
            return Ok(None);
        };
        let url = reqwest::Url::parse(endpoint).map_err(|_| TelemetryError::Endpoint)?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(TelemetryError::Endpoint);
        }
        let headers = settings.otlp_headers.as_ref();
        let headers = headers.map_or(Ok(HashMap::new()), |text| parse_headers(text.expose()))?;
        let base = endpoint.trim_end_matches('/').to_owned();
        Ok(Some(Self { base, headers }))
    }

    fn url(&self, signal: &str) -> String {
        format!("{}/v1/{signal}", self.base)
    }
}

/// `name=value` with commas between, the value percent-encoded where it has to be.
fn parse_headers(text: &str) -> Result<HashMap<String, String>, TelemetryError> {
    text.split(',')
        .filter(|entry| !entry.trim().is_empty())
        .map(|entry| {
            let (name, value) = entry.split_once('=').ok_or(TelemetryError::Headers)?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}

pub(super) fn tracer_provider(
    settings: &TelemetrySettings,
    collector: &Collector,
) -> Result<SdkTracerProvider, TelemetryError> {
    let share = Sampler::TraceIdRatioBased(settings.trace_ratio);
    Ok(SdkTracerProvider::builder()
        .with_resource(resource(settings))
        .with_sampler(Sampler::ParentBased(Box::new(share)))
        .with_batch_exporter(span_exporter(collector)?)
        .build())
}

fn span_exporter(collector: &Collector) -> Result<SpanExporter, ExporterBuildError> {
    SpanExporter::builder()
        .with_http()
        .with_endpoint(collector.url("traces"))
        .with_headers(collector.headers.clone())
        .build()
}

pub(super) fn metric_exporter(collector: &Collector) -> Result<MetricExporter, ExporterBuildError> {
    MetricExporter::builder()
        .with_http()
        .with_endpoint(collector.url("metrics"))
        .with_headers(collector.headers.clone())
        .build()
}
