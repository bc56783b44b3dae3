use std::io::{self, IsTerminal as _};

use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use super::span_fields::SpanFields;
use crate::config::{LogFormat, TelemetrySettings};

pub(super) type Boxed<S> = Box<dyn Layer<S> + Send + Sync>;

/// Dependencies that tell much about themselves. They speak up from `warn` on, unless the setting
/// names them or asks for everything. rmcp stays silent: it reports every refusal of a tool server
/// as an error of ours, and `tools` says what matters.
const QUIET: &str = "hyper=warn,hyper_util=warn,h2=warn,reqwest=warn,rustls=warn,sqlx=warn,tower=warn,opentelemetry=warn,rmcp=off";

/// What is logged and exported.
pub(super) fn filter(level: &str) -> Result<EnvFilter, ParseError> {
    let bare = level
        .parse::<tracing::Level>()
        .is_ok_and(|level| level < tracing::Level::TRACE);
    let directives = if bare {
        format!("{level},{QUIET}")
    } else {
        level.to_owned()
    };
    EnvFilter::builder().parse(directives)
}

/// Log lines on standard error, which leaves standard output to what a command answers.
///
/// A line that cannot be written is lost without a word: complaining would go to standard error
/// too, and that panics when the reader of a pipe has left.
pub(super) fn layer<S>(settings: &TelemetrySettings) -> Boxed<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    match settings.log_format {
        LogFormat::Console => console(io::stderr().is_terminal()),
        LogFormat::Auto if io::stderr().is_terminal() => console(true),
        LogFormat::Auto | LogFormat::Json => json(io::stderr),
    }
}

fn console<S>(colours: bool) -> Boxed<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fmt::layer()
        .compact()
        .log_internal_errors(false)
        .with_ansi(colours)
        .with_writer(io::stderr)
        .boxed()
}

/// One object per line: the event's fields at the top, those of the innermost span under `span`.
pub(super) fn json<S, W>(writer: W) -> Boxed<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    fmt::layer()
        .json()
        .log_internal_errors(false)
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .fmt_fields(SpanFields)
        .with_writer(writer)
        .boxed()
}
