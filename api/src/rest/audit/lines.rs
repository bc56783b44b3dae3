//! Everything that is found, line by line, however much it is.

use std::collections::VecDeque;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::header;
use jan_projections::audit::{AuditFilter, AuditPage, AuditReader, ExportedEvent};
use jan_projections::{Order, ReadError};

use super::body::AuditEventBody;
use super::query::NDJSON;
use crate::error::ApiError;

/// Events that are read at once.
const READ_AT_ONCE: usize = 200;

/// One JSON object per line, read as the client takes them. The first page is read before the answer
/// begins: what cannot be read at all is refused and not cut off.
pub(super) async fn lines(
    reader: AuditReader,
    filter: AuditFilter,
    order: Order,
    after: Option<i64>,
) -> Result<Response, ApiError> {
    let mut reading = Reading {
        reader,
        filter,
        page: AuditPage {
            after,
            limit: READ_AT_ONCE,
            order,
        },
        ready: VecDeque::new(),
        ended: false,
    };
    reading.read().await?;
    let body = Body::from_stream(stream::try_unfold(reading, Reading::next));
    Ok(([(header::CONTENT_TYPE, NDJSON)], body).into_response())
}

struct Reading {
    reader: AuditReader,
    filter: AuditFilter,
    page: AuditPage,
    ready: VecDeque<ExportedEvent>,
    ended: bool,
}

impl Reading {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, std::io::Error> {
        if self.ready.is_empty() && !self.ended {
            self.read().await.map_err(std::io::Error::other)?;
        }
        let Some(event) = self.ready.pop_front() else {
            return Ok(None);
        };
        let mut line = serde_json::to_vec(&AuditEventBody::from(event))?;
        line.push(b'\n');
        Ok(Some((line.into(), self)))
    }

    async fn read(&mut self) -> Result<(), ReadError> {
        let found = self.reader.search(&self.filter, self.page).await?;
        self.page.after = found.items.last().map(|event| event.position);
        self.ended = !found.has_more;
        self.ready = found.items.into();
        Ok(())
    }
}
