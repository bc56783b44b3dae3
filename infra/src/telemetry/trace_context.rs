//! The trace a request belongs to, in W3C's form: `00-<trace>-<span>-<flags>`. Every request has
//! one, whether or not spans are exported, so that a trace id in an answer, a log line or an event
//! always leads to the others.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// A place in a trace. Prints as a `traceparent` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    sampled: bool,
}

/// Bytes of a `traceparent` of version 00.
const LENGTH: usize = 55;

impl TraceContext {
    /// Reads a header. Anything that is not well formed counts as absent, as W3C demands.
    pub fn parse(header: &str) -> Option<Self> {
        let (known, rest) = header.split_at_checked(LENGTH)?;
        let bytes = known.as_bytes();
        let version = hex(&bytes[..2])?;
        let separated = [2, 35, 52].iter().all(|place| bytes[*place] == b'-');
        let extended = rest.is_empty() || (version > 0 && rest.starts_with('-'));
        if version == 0xff || !separated || !extended {
            return None;
        }
        let context = Self {
            trace: hex(&bytes[3..35])?,
            span: u64::try_from(hex(&bytes[36..52])?).ok()?,
            sampled: hex(&bytes[53..])? & 1 == 1,
        };
        (context.trace != 0 && context.span != 0).then_some(context)
    }

    /// The start of a trace that nobody exports.
    pub fn fresh() -> Self {
        Self {
            trace: rand::random::<u128>().max(1),
            span: rand::random::<u64>().max(1),
            sampled: false,
        }
    }

    /// Another place in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self {
            span: rand::random::<u64>().max(1),
            ..self
        }
    }

    /// The exported span's own place; `None` when spans are not exported.
    pub fn of(span: &Span) -> Option<Self> {
        let context = span.context();
        let place = context.span().span_context().clone();
        place.is_valid().then(|| Self {
            trace: u128::from_be_bytes(place.trace_id().to_bytes()),
            span: u64::from_be_bytes(place.span_id().to_bytes()),
            sampled: place.is_sampled(),
        })
    }

    /// The trace's id as 32 hex digits, for logs and lookups.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = u8::from(self.sampled);
        write!(f, "00-{:032x}-{:016x}-{flags:02x}", self.trace, self.span)
    }
}

/// Puts a request's span into the caller's trace, or into a new one, and answers its place there
/// as a header. Call it on a new span, before it is entered.
pub fn join(span: &Span, incoming: Option<&str>) -> String {
    let incoming = incoming.and_then(TraceContext::parse);
    if let Some(parent) = incoming {
        adopt(span, parent);
    }
    TraceContext::of(span)
        .unwrap_or_else(|| incoming.map_or_else(TraceContext::fresh, TraceContext::child))
        .to_string()
}

/// Makes a span a child of a `traceparent` from elsewhere, such as an event's metadata. Without an
/// exporter, or for a header that is not well formed, nothing happens. Call it on a new span,
/// before it is entered.
pub fn set_parent(span: &Span, traceparent: &str) {
    if let Some(parent) = TraceContext::parse(traceparent) {
        adopt(span, parent);
    }
}

fn adopt(span: &Span, parent: TraceContext) {
    let flags = if parent.sampled {
        TraceFlags::SAMPLED
    } else {
        TraceFlags::default()
    };
    let parent = SpanContext::new(
        TraceId::from(parent.trace),
        SpanId::from(parent.span),
        flags,
        true,
        TraceState::default(),
    );
    // It fails when spans are not exported or this one is filtered out, and then there is nothing
    // to be a parent of.
    drop(span.set_parent(Context::new().with_remote_span_context(parent)));
}

/// Lower-case hex only, as W3C demands.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u128::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_header_reads_back_as_itself() {
        let context = TraceContext::parse(HEADER).unwrap();
        assert_eq!(context.to_string(), HEADER);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let fresh = TraceContext::fresh();
        assert_eq!(TraceContext::parse(&fresh.to_string()), Some(fresh));
        let child = context.child();
        assert_eq!((child.trace, child.sampled), (context.trace, true));
        assert_ne!(child.span, context.span);
    }

    #[test]
    fn what_is_not_well_formed_counts_as_absent() {
        let digits = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
        for wrong in [
            String::new(),
            HEADER[..54].to_owned(),
            format!("{HEADER}0"),
            format!("{HEADER}-00"),
            format!(" {HEADER}"),
            HEADER.to_uppercase(),
            HEADER.replace('-', "_"),
            HEADER.replacen('f', "g", 1),
            format!("ff-{digits}-01"),
            format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
            format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{}-01", "0".repeat(16)),
            format!("{}é", &HEADER[..54]),
            "é".repeat(28),
        ] {
            assert_eq!(TraceContext::parse(&wrong), None, "{wrong}");
        }
        let newer = format!("cc-{digits}-09-what-comes");
        assert!(TraceContext::parse(&newer).is_some_and(|context| context.sampled));
    }

    #[test]
    fn without_an_exporter_a_request_still_has_a_trace() {
        let joined = join(&Span::none(), Some(HEADER));
        let joined = TraceContext::parse(&joined).unwrap();
        assert_eq!(joined.trace_id(), &HEADER[3..35]);
        assert_ne!(joined.to_string(), HEADER);
        let (one, other) = (
            join(&Span::none(), None),
            join(&Span::none(), Some("nonsense")),
        );
        assert!(TraceContext::parse(&one).is_some() && TraceContext::parse(&other).is_some());
        assert_ne!(one[3..35], other[3..35]);
    }
}
