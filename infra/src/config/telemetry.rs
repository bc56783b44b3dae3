use std::time::Duration;

use super::setting::Setting;
use super::value::Written;
use crate::secret::Secret;

/// What the server tells about itself, and to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct TelemetrySettings {
    /// A level, or directives such as `info,jan_commands=debug`.
    pub log_level: String,
    /// How log lines look.
    pub log_format: LogFormat,
    /// Base URL of an OTLP collector; nothing is exported when there is none.
    pub otlp_endpoint: Option<String>,
    /// Headers for the collector, `name=value` with commas between; usually a key.
    pub otlp_headers: Option<Secret>,
    /// Share of traces that are exported, from 0 to 1. A caller's own decision goes first.
    pub trace_ratio: f64,
    /// Time between two exports of metrics.
    pub metrics_interval: Duration,
    /// `service.name` of everything exported.
    pub service_name: String,
    /// `service.namespace` of everything exported.
    pub service_namespace: String,
    /// `deployment.environment.name` of everything exported.
    pub environment: String,
}

impl Default for TelemetrySettings {
    fn default() -> Self {
        Self {
            log_level: "info".to_owned(),
            log_format: LogFormat::Auto,
            otlp_endpoint: None,
            otlp_headers: None,
            trace_ratio: 1.0,
            metrics_interval: Duration::from_secs(30),
            service_name: "jan-server".to_owned(),
            service_namespace: "jan".to_owned(),
            environment: "development".to_owned(),
        }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Console,
    /// One JSON object per line.
    Json,
}

impl Written for LogFormat {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "console" => Ok(Self::Console),
            "json" => Ok(Self::Json),
            _ => Err("auto, console or json"),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Auto => "auto",
            Self::Console => "console",
            Self::Json => "json",
        }
        .to_owned()
    }
}

pub(super) const SETTINGS: &[Setting<TelemetrySettings>] = &[
    Setting {
        name: "telemetry.log_level",
        env: &["JAN_LOG_LEVEL", "LOG_LEVEL"],
        doc: "trace, debug, info, warn, error, or directives such as info,jan_commands=debug",
        slot: |telemetry| &mut telemetry.log_level,
    },
    Setting {
        name: "telemetry.log_format",
        env: &["JAN_LOG_FORMAT", "LOG_FORMAT"],
        doc: "console, json, or auto: console on a terminal, json elsewhere",
        slot: |telemetry| &mut telemetry.log_format,
    },
    Setting {
        name: "telemetry.otlp_endpoint",
        env: &["OTEL_EXPORTER_OTLP_ENDPOINT"],
        doc: "Base URL of an OTLP/HTTP collector such as http://127.0.0.1:4318",
        slot: |telemetry| &mut telemetry.otlp_endpoint,
    },
    Setting {
        name: "telemetry.otlp_headers",
        env: &["OTEL_EXPORTER_OTLP_HEADERS"],
        doc: "Headers for the collector: name=value, with commas between",
        slot: |telemetry| &mut telemetry.otlp_headers,
    },
    Setting {
        name: "telemetry.trace_ratio",
        env: &["JAN_TRACE_RATIO"],
        doc: "Share of traces exported, 0 to 1; a caller's own decision goes first",
        slot: |telemetry| &mut telemetry.trace_ratio,
    },
    Setting {
        name: "telemetry.metrics_interval",
        env: &["JAN_METRICS_INTERVAL"],
        doc: "Time between two exports of metrics to the collector",
        slot: |telemetry| &mut telemetry.metrics_interval,
    },
    Setting {
        name: "telemetry.service_name",
        env: &["OTEL_SERVICE_NAME", "SERVICE_NAME"],
        doc: "service.name of everything exported",
        slot: |telemetry| &mut telemetry.service_name,
    },
    Setting {
        name: "telemetry.service_namespace",
        env: &["SERVICE_NAMESPACE"],
        doc: "service.namespace of everything exported",
        slot: |telemetry| &mut telemetry.service_namespace,
    },
    Setting {
        name: "telemetry.environment",
        env: &["ENVIRONMENT"],
        doc: "deployment.environment.name of everything exported",
        slot: |telemetry| &mut telemetry.environment,
    },
];
