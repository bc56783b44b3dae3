use chrono::SecondsFormat;
use jan_domain::metadata::Metadata;
use jan_projections::audit::ExportedEvent;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// An event as it is shown to those who may see it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEventBody {
    /// `audit.event`
    object: &'static str,
    /// Its place among all events; gaps are normal.
    position: i64,
    /// Its own id.
    event_id: String,
    /// What happened, such as `ResponseCompleted`.
    r#type: String,
    /// The version of its shape.
    version: String,
    /// `conversation`, `response` or `account`.
    stream_type: String,
    /// The conversation, response or account.
    stream: String,
    /// Its place there, from 1.
    sequence: i64,
    /// When the database took it, to the microsecond.
    recorded_at: String,
    /// Who acted: an account, or `system` for recovery.
    actor: Option<String>,
    /// The account it belongs to.
    owner: Option<String>,
    /// The API key that was used.
    api_key: Option<String>,
    /// The request, as answered in `x-request-id`.
    request_id: Option<String>,
    /// Shared by everything that one request set off.
    correlation_id: Option<String>,
    /// What directly caused it.
    causation_id: Option<String>,
    /// The command it comes from.
    command_id: Option<String>,
    /// W3C trace context.
    traceparent: Option<String>,
    /// What happened, as it is on record.
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
}

impl From<ExportedEvent> for AuditEventBody {
    fn from(event: ExportedEvent) -> Self {
        let payload = shown_payload(&event);
        let metadata: Option<Metadata> = serde_json::from_str(&event.metadata).ok();
        let said = |of: fn(&Metadata) -> String| {
            let said = metadata.as_ref().map(of);
            said.filter(|text| !text.is_empty())
        };
        Self {
            object: "audit.event",
            position: event.position,
            event_id: event.event_id.to_string(),
            r#type: event.event_type,
            version: event.event_version,
            stream_type: event.aggregate_type,
            stream: event.aggregate_id,
            sequence: event.sequence,
            recorded_at: event
                .recorded_at
                .to_rfc3339_opts(SecondsFormat::Micros, true),
            actor: said(|metadata| metadata.actor_id.clone()),
            owner: said(|metadata| metadata.owner_id.to_string()),
            request_id: said(|metadata| metadata.request_id.clone()),
            correlation_id: said(|metadata| metadata.correlation_id.clone()),
            causation_id: said(|metadata| metadata.causation_id.clone()),
            command_id: said(|metadata| metadata.command_id.clone()),
            api_key: metadata
                .as_ref()
                .and_then(|said| said.api_key_id.as_ref())
                .map(ToString::to_string),
            traceparent: metadata.as_ref().and_then(|said| said.traceparent.clone()),
            payload,
        }
    }
}

/// What a reader is shown of a stored payload. The one place where one is turned into the other.
fn shown_payload(event: &ExportedEvent) -> Box<RawValue> {
    let null = || RawValue::NULL.to_owned();
    RawValue::from_string(event.payload.trim().to_owned()).unwrap_or_else(|_| null())
}
