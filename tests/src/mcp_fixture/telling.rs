//! Tools that say something before they answer.

use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    ErrorData, LoggingLevel, LoggingMessageNotificationParam, ProgressNotificationParam,
    ProtocolVersion,
};
use rmcp::service::{RequestContext, ServiceError};
use serde_json::{Value, json};

use super::results::text;

/// Long enough to be told apart.
const PAUSE: Duration = Duration::from_millis(50);

type Context = RequestContext<RoleServer>;

/// What such a tool answers in the end.
pub(super) async fn of(tool: &str, context: &Context) -> Result<Option<Value>, ErrorData> {
    match tool {
        "test_tool_with_progress" => progress(context).await,
        "test_tool_with_logging" | "test_logging_tool" => logging(context).await,
        _ => return Ok(None),
    }
    .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
    Ok(Some(json!({"content": [text("It was told.")]})))
}

async fn progress(context: &Context) -> Result<(), ServiceError> {
    for progress in [0.0, 50.0, 100.0] {
        if let Some(token) = context.meta.get_progress_token() {
            let mut told = ProgressNotificationParam::new(token, progress);
            told.total = Some(100.0);
            context.peer.notify_progress(told).await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Since 2026-07-28 a client that names no level is told nothing.
async fn logging(context: &Context) -> Result<(), ServiceError> {
    let modern = context.protocol_version() == Some(ProtocolVersion::V_2026_07_28);
    if modern && context.meta.log_level().is_none() {
        return Ok(());
    }
    for words in [
        "Tool execution started",
        "Tool processing data",
        "Tool execution completed",
    ] {
        let told = LoggingMessageNotificationParam::new(LoggingLevel::Info, json!(words));
        context.peer.notify_logging_message(told).await?;
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}
