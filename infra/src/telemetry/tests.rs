use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use opentelemetry::metrics::MeterProvider as _;
use serde_json::{Value, json};
use tracing::subscriber::with_default;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::registry;

use super::*;
use crate::secret::Secret;

#[test]
fn instruments_are_scraped_in_prometheus_words() {
    let telemetry = Telemetry::build(&TelemetrySettings::default()).unwrap();
    let meter = telemetry.meters.meter("jan-server");
    let appended = meter.u64_counter("jan.events.appended").build();
    appended.add(2, &[KeyValue::new("gen_ai.request.model", "m\"1\n")]);
    let seconds = |name: &'static str| meter.f64_histogram(name).with_unit("s");
    seconds("jan.runs.duration").build().record(0.003, &[]);
    let own_bounds = seconds("gen_ai.client.operation.duration").with_boundaries(vec![1.0, 7.0]);
    own_bounds.build().record(2.0, &[]);

    let text = telemetry.render_metrics();
    for line in [
        "# TYPE jan_events_appended_total counter",
        r#"jan_events_appended_total{gen_ai_request_model="m\"1\n"} 2"#,
        r#"jan_runs_duration_seconds_bucket{le="0.0025"} 0"#,
        r#"jan_runs_duration_seconds_bucket{le="0.005"} 1"#,
        "jan_runs_duration_seconds_count 1",
        r#"gen_ai_client_operation_duration_seconds_bucket{le="7"} 1"#,
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    assert!(text.contains(r#"service_name="jan-server""#), "{text}");
}

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'writer> MakeWriter<'writer> for Captured {
    type Writer = Self;

    fn make_writer(&'writer self) -> Self {
        self.clone()
    }
}

fn logged(level: &str, act: impl FnOnce()) -> Vec<Value> {
    let captured = Captured::default();
    let filter = logs::filter(level).unwrap();
    let subscriber = registry().with(filter).with(logs::json(captured.clone()));
    with_default(subscriber, act);
    let text = captured.text();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_log_line_is_one_json_object_whatever_it_says() {
    let agent = "curl\r\n{\"level\":\"ERROR\"}\u{1b}[31m\u{202e}";
    let lines = logged("info", || {
        let span = tracing::info_span!("http.request", request.id = "req_1");
        let _entered = span.enter();
        tracing::info!(user_agent = agent, "answered");
    });
    let [line] = &lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["message"], "answered");
    assert_eq!(line["user_agent"], agent);
    assert_eq!(line["target"], "jan_infra::telemetry::tests");
    assert_eq!(
        line["span"],
        json!({ "name": "http.request", "request.id": "req_1" })
    );
    assert!(line["timestamp"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn a_span_tells_what_it_has_learnt_until_now() {
    let lines = logged("info", || {
        let span = tracing::info_span!(
            "http.request",
            request.id = %"req_\"1",
            url.path = tracing::field::Empty,
            status = tracing::field::Empty,
            share = tracing::field::Empty,
        );
        let _entered = span.enter();
        tracing::info!("before");
        span.record("url.path", "/v1\n");
        span.record("status", 200);
        span.record("share", f64::NAN);
        span.record("status", 500);
        tracing::info!("after");
    });
    let spans: Vec<&Value> = lines.iter().map(|line| &line["span"]).collect();
    let name = "http.request";
    assert_eq!(
        spans,
        [
            &json!({ "name": name, "request.id": "req_\"1" }),
            &json!({ "name": name, "request.id": "req_\"1", "url.path": "/v1\n", "status": 500, "share": null }),
        ]
    );
}

#[test]
fn a_span_without_fields_is_an_object_too() {
    let lines = logged("info", || {
        let span = tracing::info_span!("quiet", later = tracing::field::Empty);
        let _entered = span.enter();
        tracing::info!("one");
        span.record("later", true);
        tracing::info!("two");
    });
    assert_eq!(lines[0]["span"], json!({ "name": "quiet" }));
    assert_eq!(lines[1]["span"], json!({ "name": "quiet", "later": true }));
}

#[test]
fn dependencies_are_quiet_unless_they_are_named() {
    let chatter = || {
        tracing::debug!(target: "jan_commands::store", "ours");
        tracing::info!(target: "hyper_util::client", "theirs");
        tracing::debug!(target: "opentelemetry-otlp", "theirs");
        tracing::warn!(target: "sqlx::query", "trouble");
    };
    let messages = |level| -> Vec<Value> {
        logged(level, chatter)
            .iter()
            .map(|line| line["message"].clone())
            .collect()
    };
    assert_eq!(messages("info"), ["trouble"]);
    assert_eq!(messages("debug"), ["ours", "trouble"]);
    assert_eq!(messages("trace").len(), 4);
    assert_eq!(messages("warn,hyper_util=info"), ["theirs", "trouble"]);
    assert!(logs::filter("jan=loud").is_err());
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let with = |endpoint: &str, headers: &str| {
        let settings = TelemetrySettings {
            otlp_endpoint: Some(endpoint.to_owned()),
            otlp_headers: Some(Secret::new(headers.to_owned())),
            ..TelemetrySettings::default()
        };
        Telemetry::build(&settings).map(drop)
    };
    for endpoint in ["localhost:4318", "ftp://a", "http://", "nowhere"] {
        assert!(
            matches!(with(endpoint, ""), Err(TelemetryError::Endpoint)),
            "{endpoint}"
        );
    }
    let error = with("http://127.0.0.1:4318", "canary").unwrap_err();
    assert!(matches!(error, TelemetryError::Headers));
    assert!(!format!("{error} {error:?}").contains("canary"));
}

/// A request as the collector got it.
struct Export {
    head: String,
    body: Vec<u8>,
}

impl Export {
    fn mentions(&self, text: &str) -> bool {
        self.body
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }
}

/// A collector that takes everything.
fn collector() -> (SocketAddr, Receiver<Export>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (exports, received) = mpsc::channel();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let exports = exports.clone();
            std::thread::spawn(
                move || while take(connection.as_ref().unwrap(), &exports).is_some() {},
            );
        }
    });
    (address, received)
}

fn take(mut connection: &TcpStream, exports: &mpsc::Sender<Export>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        connection.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    connection.read_exact(&mut body).ok()?;
    exports.send(Export { head, body }).ok()?;
    connection
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .ok()
}

#[test]
fn spans_and_metrics_reach_a_collector() {
    let (address, received) = collector();
    let telemetry = Telemetry::build(&TelemetrySettings {
        otlp_endpoint: Some(format!("http://{address}/")),
        otlp_headers: Some(Secret::new("x-key=canary, x-other=1".to_owned())),
        service_name: "jan-under-test".to_owned(),
        ..TelemetrySettings::default()
    })
    .unwrap();
    telemetry
        .meters
        .meter("jan-server")
        .u64_counter("jan.tested")
        .build()
        .add(1, &[]);
    let incoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    with_default(registry().with(telemetry.span_layer()), || {
        let span = tracing::info_span!("http.request", request.id = "req_7");
        let joined = trace_context::join(&span, Some(incoming));
        assert_eq!(joined[..36], incoming[..36], "the caller's trace goes on");
        assert_ne!(joined, incoming, "in a span of its own");
        assert_eq!(TraceContext::of(&span).unwrap().to_string(), joined);

        let new = trace_context::join(&tracing::info_span!("http.request"), None);
        assert_ne!(new[..36], joined[..36]);
        let later = tracing::info_span!("runner.run");
        trace_context::set_parent(&later, &joined);
        assert_eq!(
            TraceContext::of(&later).unwrap().trace_id(),
            &incoming[3..35]
        );
        trace_context::set_parent(&tracing::info_span!("other"), "nonsense");
    });
    telemetry.shutdown();
    telemetry.shutdown();

    let patience = Duration::from_secs(20);
    let exports = [
        received.recv_timeout(patience).unwrap(),
        received.recv_timeout(patience).unwrap(),
    ];
    let to = |path: &str| {
        let start = format!("POST {path} HTTP/1.1\r\n");
        exports
            .iter()
            .find(|export| export.head.starts_with(&start))
            .unwrap()
    };
    let (traces, metrics) = (to("/v1/traces"), to("/v1/metrics"));
    for text in ["jan-under-test", "http.request", "req_7", "runner.run"] {
        assert!(traces.mentions(text), "{text}");
    }
    assert!(metrics.mentions("jan.tested") && metrics.mentions("jan-under-test"));
    for export in &exports {
        assert!(export.head.contains("x-key: canary") && export.head.contains("x-other: 1"));
    }
}

#[tokio::test]
async fn a_collector_that_is_away_does_not_hold_up_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let settings = TelemetrySettings {
        otlp_endpoint: Some(endpoint),
        ..Default::default()
    };
    let telemetry = Telemetry::build(&settings).unwrap();
    with_default(registry().with(telemetry.span_layer()), || {
        tracing::info_span!("lost").in_scope(|| {});
    });
    let began = Instant::now();
    telemetry.shutdown();
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
}
