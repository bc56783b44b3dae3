use std::collections::BTreeMap;

use super::change::ResponseChange;
use super::write::{IN_PROGRESS, answer, conversation, failure, millis, request, status, tokens};
use crate::rebuild::CopyRows;

const RESPONSES: &str = "responses (response_id, tenant_id, account_id, surface, status, model, \
     node_id, conversation_id, retention, metadata, request, answer, created_at, ended_at, \
     input_tokens, cached_tokens, output_tokens, reasoning_tokens, first_token_ms, total_ms, \
     failure_kind, failure_message)";

/// The rows of responses that were folded from their first events.
pub(super) fn copy(changes: &BTreeMap<String, ResponseChange>, rows: &mut CopyRows) {
    for (id, change) in changes {
        let Some(opened) = change.opened.as_ref().filter(|_| !change.deleted) else {
            continue;
        };
        rows.row(RESPONSES)
            .text(id)
            .text(opened.call.owner.tenant.as_str())
            .text(opened.call.owner.account.as_str())
            .text(opened.call.surface.as_str())
            .text(status(change).unwrap_or(IN_PROGRESS))
            .text(&opened.call.model)
            .text(opened.call.node.as_str())
            .text_or_null(conversation(opened))
            .text(opened.call.retention.as_str())
            .json_or_null(change.metadata.as_ref())
            .text_or_null(request(opened))
            .text_or_null(answer(change))
            .time(opened.at)
            .time_or_null(change.closed.as_ref().map(|end| end.at))
            .plain_or_null(tokens(change, |usage| usage.input_tokens))
            .plain_or_null(tokens(change, |usage| usage.cached_tokens))
            .plain_or_null(tokens(change, |usage| usage.output_tokens))
            .plain_or_null(tokens(change, |usage| usage.reasoning_tokens))
            .plain_or_null(millis(change, |timing| timing.first_token_ms))
            .plain_or_null(millis(change, |timing| timing.total_ms))
            .text_or_null(failure(change, |failure| failure.kind.as_str()))
            .text_or_null(failure(change, |failure| &failure.message))
            .end();
    }
}
