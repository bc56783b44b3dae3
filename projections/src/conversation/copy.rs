use std::collections::BTreeMap;

use super::change::ConversationChange;
use crate::rebuild::CopyRows;

/// The rows of conversations that were folded from their first events.
pub(super) fn copy(changes: &BTreeMap<String, ConversationChange>, rows: &mut CopyRows) {
    for (id, change) in changes {
        let Some((owner, created_at)) = change.created.as_ref().filter(|_| !change.deleted) else {
            continue;
        };
        rows.row(
            "conversations (conversation_id, tenant_id, account_id, title, referrer, metadata, \
             items_added, created_at, updated_at, forked_from, forked_version, forked_item, \
             root_id)",
        )
        .text(id)
        .text(owner.tenant.as_str())
        .text(owner.account.as_str())
        .text_or_null(change.title.as_deref())
        .text_or_null(change.referrer.as_deref())
        .json_or_null(change.metadata.as_ref())
        .plain(change.items.added)
        .time(*created_at)
        .time(change.updated_at)
        .text_or_null(change.forked_from())
        .plain_or_null(change.forked_version())
        .text_or_null(change.forked_item())
        .text_or_null(change.root())
        .end();
        for item in &change.items.kept {
            rows.row("conversation_items (conversation_id, ordinal, item_id, body, created_at)")
                .text(id)
                .plain(item.place)
                .text(item.id.as_str())
                .text(&item.body)
                .time(item.at)
                .end();
        }
    }
}
