use jan_domain::document::{DocumentContent, DocumentEvent, DocumentName};
use serde_json::json;

use super::samples::{at, owner};

pub(super) fn after_document(last: Option<&DocumentEvent>) -> Option<DocumentEvent> {
    use DocumentEvent as E;
    let at = at();
    let fields = json!({"source": "kitchen \u{1f375}", "pages": [1, 2.5]});
    Some(match last {
        None => E::Indexed {
            owner: owner(),
            name: DocumentName::parse("tea/green").unwrap(),
            content: DocumentContent::try_new(
                "Green tea is\nnot boiled.",
                fields.as_object().unwrap().clone(),
                ["drinks".to_owned()].into(),
            )
            .unwrap(),
            at,
        },
        Some(E::Indexed { .. }) => E::Removed { at },
        Some(E::Removed { .. }) => return None,
    })
}
