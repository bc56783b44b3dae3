//! What every answer needs to know of its request, and how the protocol says that it failed.

use std::sync::Arc;

use http::request::Parts;
use jan_domain::Caller;
use rmcp::RoleServer;
use rmcp::model::ErrorData;
use rmcp::service::RequestContext as McpContext;

use crate::context::RequestContext;
use crate::error::ApiError;

/// Who asks, and in which request.
pub(super) struct Asked {
    pub(super) caller: Arc<Caller>,
    pub(super) request: RequestContext,
}

impl Asked {
    /// From the HTTP request around the message, which has passed the door.
    pub(super) fn of(context: &McpContext<RoleServer>) -> Result<Self, ErrorData> {
        let parts = context.extensions.get::<Parts>();
        let found = parts.and_then(|parts| {
            Some(Self {
                caller: Arc::clone(parts.extensions.get::<Arc<Caller>>()?),
                request: parts.extensions.get::<RequestContext>()?.clone(),
            })
        });
        found.ok_or_else(|| ErrorData::internal_error("The request has no caller.", None))
    }
}

pub(super) fn bad_cursor() -> ErrorData {
    ErrorData::invalid_params("There is no page with this cursor.", None)
}

/// What went wrong on our side, as callers of the API are told; the cause goes to the log.
pub(super) fn internal(error: impl Into<ApiError>) -> ErrorData {
    ErrorData::internal_error(error.into().message().to_owned(), None)
}
