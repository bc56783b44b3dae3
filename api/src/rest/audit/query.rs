//! What a search can be asked for.

use chrono::{DateTime, Utc};
use http::{HeaderMap, header};
use jan_domain::Caller;
use jan_domain::caller::CallerKind;
use jan_projections::audit::{AuditFilter, AuditPage};
use jan_projections::{Order, PageRequest};

use crate::error::ApiError;
use crate::rest::page::ListQuery;

/// The media type of one JSON object per line.
pub(super) const NDJSON: &str = "application/x-ndjson";

/// A place among all events, as a cursor.
pub(super) struct Position(i64);

impl TryFrom<String> for Position {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let position = text.parse().ok().filter(|position| *position >= 0);
        position
            .map(Self)
            .ok_or("expected the position of an event")
    }
}

/// The picture of a search in the API's document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read name by name; see `filter`")]
pub(super) struct SearchParams {
    /// Who acted.
    actor: Option<String>,
    /// The API key that was used.
    api_key: Option<String>,
    /// What happened, such as `ResponseCompleted`.
    r#type: Option<String>,
    /// The conversation, response or account.
    stream: Option<String>,
    /// What set it off.
    correlation_id: Option<String>,
    /// The request, as answered in `x-request-id`.
    request_id: Option<String>,
    /// Recorded then or later: RFC 3339, or Unix seconds.
    since: Option<String>,
    /// Recorded before: RFC 3339, or Unix seconds.
    until: Option<String>,
    /// `jsonl` for everything that is found, one object per line; so does `Accept: application/x-ndjson`.
    format: Option<String>,
}

/// What is looked for. Only administrators see the events of others.
pub(super) fn filter(query: &ListQuery, caller: &Caller) -> Result<AuditFilter, ApiError> {
    let text = |name| Ok::<_, ApiError>(query.get(name)?.map(str::to_owned));
    Ok(AuditFilter {
        actor: text("actor")?,
        api_key: text("api_key")?,
        event_type: text("type")?,
        stream: text("stream")?,
        correlation: text("correlation_id")?,
        request: text("request_id")?,
        since: time(query, "since")?,
        until: time(query, "until")?,
        ..visible_to(caller)
    })
}

/// Everything that a caller may see.
pub(super) fn visible_to(caller: &Caller) -> AuditFilter {
    let owner = (caller.kind != CallerKind::Admin).then(|| caller.owner.clone());
    AuditFilter {
        owner,
        ..AuditFilter::default()
    }
}

/// Which part is wanted.
pub(super) fn page(query: &ListQuery, order: Order) -> Result<AuditPage, ApiError> {
    let page: PageRequest<Position> = query.page(order)?;
    Ok(AuditPage {
        after: page.after.map(|Position(position)| position),
        limit: page.limit,
        order: page.order,
    })
}

/// Whether everything is wanted, line by line.
pub(super) fn wants_lines(query: &ListQuery, headers: &HeaderMap) -> Result<bool, ApiError> {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok());
    match query.get("format")? {
        None => Ok(accept.is_some_and(|accept| accept.contains(NDJSON))),
        Some("jsonl") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(
            ApiError::invalid_value("Invalid 'format': expected 'json' or 'jsonl'.").at("format"),
        ),
    }
}

fn time(query: &ListQuery, name: &str) -> Result<Option<DateTime<Utc>>, ApiError> {
    let Some(text) = query.get(name)? else {
        return Ok(None);
    };
    let seconds = || DateTime::from_timestamp(text.parse().ok()?, 0);
    let written = DateTime::parse_from_rfc3339(text).ok();
    let time = written
        .map(|time| time.with_timezone(&Utc))
        .or_else(seconds);
    // Postgres's calendar ends before chrono's does.
    let time =
        time.filter(|time| (-200_000_000_000..9_000_000_000_000).contains(&time.timestamp()));
    time.map(Some).ok_or_else(|| {
        let message = format!("Invalid '{name}': expected a time of RFC 3339 or Unix seconds.");
        ApiError::invalid_value(message).at(name)
    })
}
