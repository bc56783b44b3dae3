use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::{Context, ID, InputObject, Json, Object, SimpleObject};
use chrono::{DateTime, Utc};
use jan_domain::CallerKind;
use jan_domain::metadata::Metadata;
use jan_projections::Order;
use jan_projections::audit::{AuditFilter, AuditPage, ExportedEvent};
use serde_json::Value;

use super::asking::Asking;
use super::given::within;
use super::paging::Paging;
use super::scalar::BigInt;
use crate::error::ApiError;

/// What is asked about what happened.
#[derive(Default)]
pub(super) struct AuditQuery;

/// An event as it is on record.
#[derive(SimpleObject)]
struct AuditEvent {
    /// Its place among all events; gaps are normal.
    position: BigInt,
    /// Its own id.
    event_id: ID,
    /// What happened, such as `ResponseCompleted`.
    #[graphql(name = "type")]
    kind: String,
    /// The version of its shape.
    version: String,
    /// `conversation`, `response` or `account`.
    stream_type: String,
    /// The conversation, response or account.
    stream: ID,
    /// Its place there, from 1.
    sequence: BigInt,
    /// When the database took it.
    recorded_at: DateTime<Utc>,
    /// Who acted: an account, or `system` for recovery.
    actor: Option<String>,
    /// The account it belongs to.
    owner: Option<ID>,
    /// The request, as answered in `x-request-id`.
    request_id: Option<String>,
    /// W3C trace context.
    traceparent: Option<String>,
    /// What happened, as it is on record.
    payload: Json<Value>,
}

/// Which events are looked for. What is not said does not matter.
#[derive(Default, InputObject)]
struct AuditFilterInput {
    /// Who acted.
    actor: Option<String>,
    /// What happened, such as `ResponseCompleted`.
    #[graphql(name = "type")]
    kind: Option<String>,
    /// The conversation, response or account.
    stream: Option<ID>,
    /// The request, as answered in `x-request-id`.
    request_id: Option<String>,
    /// Recorded then or later.
    since: Option<DateTime<Utc>>,
    /// Recorded before.
    until: Option<DateTime<Utc>>,
}

impl From<ExportedEvent> for AuditEvent {
    fn from(event: ExportedEvent) -> Self {
        let metadata: Option<Metadata> = serde_json::from_str(&event.metadata).ok();
        let said = |of: fn(&Metadata) -> String| {
            let said = metadata.as_ref().map(of);
            said.filter(|text| !text.is_empty())
        };
        Self {
            position: BigInt(event.position),
            event_id: event.event_id.to_string().into(),
            version: event.event_version,
            stream_type: event.aggregate_type,
            sequence: BigInt(event.sequence),
            recorded_at: event.recorded_at,
            actor: said(|metadata| metadata.actor_id.clone()),
            owner: said(|metadata| metadata.owner_id.to_string()).map(ID::from),
            request_id: said(|metadata| metadata.request_id.clone()),
            traceparent: metadata.as_ref().and_then(|said| said.traceparent.clone()),
            payload: Json(serde_json::from_str(&event.payload).unwrap_or_default()),
            kind: event.event_type,
            stream: event.aggregate_id.into(),
        }
    }
}

#[Object]
impl AuditQuery {
    /// What happened: your own events, or everybody's if you are an administrator; the newest first.
    /// At most 100 at once, 20 when nothing is said.
    async fn audit_events(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
        #[graphql(desc = "Only those.", name = "where")] wanted: Option<AuditFilterInput>,
    ) -> Result<Option<Connection<String, AuditEvent, EmptyFields, EmptyFields>>, ApiError> {
        let paging = Paging {
            first,
            after,
            last,
            before,
        };
        let window = paging.window()?;
        let after = window.beyond.as_deref().map(str::parse).transpose();
        let page = AuditPage {
            after: after.map_err(|_| window.unknown_cursor(&"expected a position"))?,
            limit: window.limit,
            order: window.order(Order::NewestFirst),
        };
        let asking = Asking::of(ctx);
        let filter = filter(asking, wanted.unwrap_or_default())?;
        let found = asking.reads().audit.search(&filter, page).await?;
        let entry = |event: ExportedEvent| (event.position.to_string(), AuditEvent::from(event));
        Ok(Some(window.connect(found, entry)))
    }
}

/// Only administrators see the events of others.
fn filter(asking: &Asking, wanted: AuditFilterInput) -> Result<AuditFilter, ApiError> {
    let caller = &asking.caller;
    Ok(AuditFilter {
        owner: (caller.kind != CallerKind::Admin).then(|| caller.owner.clone()),
        actor: wanted.actor,
        event_type: wanted.kind,
        stream: wanted.stream.map(|id| id.to_string()),
        request: wanted.request_id,
        since: within(wanted.since, "where.since")?,
        until: within(wanted.until, "where.until")?,
        ..AuditFilter::default()
    })
}
