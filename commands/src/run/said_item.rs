//! Items of what a model has said.

use jan_domain::id::ItemId;
use jan_domain::item::{ContentPart, Item, ItemBody, ItemStatus, Role};
use serde_json::{Value, json};

/// A message of the model's.
pub(super) fn spoken(id: ItemId, status: ItemStatus, content: Vec<ContentPart>) -> Item {
    Item {
        id,
        status,
        body: ItemBody::Message {
            role: Role::Assistant,
            content,
        },
    }
}

/// An item of a type we keep whole.
pub(super) fn opaque(id: ItemId, status: ItemStatus, fields: Value) -> Item {
    let fields = match fields {
        Value::Object(fields) => fields,
        other => json!({"value": other})
            .as_object()
            .cloned()
            .unwrap_or_default(),
    };
    Item {
        id,
        status,
        body: ItemBody::Opaque(fields),
    }
}
