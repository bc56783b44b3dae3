use std::collections::BTreeMap;

use jan_domain::document::DocumentEvent as E;
use jan_domain::history::Event;
use sqlx::PgConnection;

use super::change::{DocumentChange, Kept};
use super::rows;
use crate::erased::ErasedOwners;
use crate::projection::{Changes, Course, Streams, Table};
use crate::rebuild::CopyRows;

/// What of owners that are erased is deleted here.
const ERASE: &[&str] = &[
    r"
    delete from document_passages
     where (tenant_id, account_id) in (select * from unnest($1::text[], $2::text[]))",
    r"
    delete from documents
     where (tenant_id, account_id) in (select * from unnest($1::text[], $2::text[]))",
];

/// What a stretch of history changes about documents.
#[derive(Default)]
pub(crate) struct DocumentChanges {
    by_id: BTreeMap<String, DocumentChange>,
    erased: ErasedOwners,
}

impl Changes for DocumentChanges {
    const NAME: &'static str = "documents";
    const VERSION: i32 = 2;
    const TABLES: &'static [Table] = &[
        Table::by("documents", "document_id"),
        Table::by("document_passages", "document_id"),
    ];
    const COURSE: Course = Course::Copied(Streams::of("document"));

    fn fold(&mut self, id: &str, event: &Event) {
        self.erased.fold(event);
        let Event::Document(event) = event else {
            return;
        };
        let known = self.by_id.contains_key(id);
        let change = self.by_id.entry(id.to_owned()).or_default();
        change.kept = match event {
            E::Indexed {
                owner,
                name,
                content,
                at,
            } => Some(Kept {
                owner: owner.clone(),
                name: name.clone(),
                content: content.clone(),
                at: *at,
            }),
            E::Removed { .. } => {
                change.began_elsewhere |= !known;
                None
            }
        };
    }

    fn is_empty(&self) -> bool {
        self.by_id.is_empty() && self.erased.is_empty()
    }

    async fn write(self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        rows::write(connection, &self.by_id).await?;
        self.erased.delete(connection, ERASE).await
    }

    fn copy(&self, rows: &mut CopyRows) {
        for (id, change) in &self.by_id {
            let Some(kept) = &change.kept else {
                continue;
            };
            let passages = kept.passages(id);
            rows.row(
                "documents (document_id, tenant_id, account_id, name, metadata, tags, collection, \
                 attributes, text_bytes, passages, indexed_at)",
            )
            .text(id)
            .text(kept.owner.tenant.as_str())
            .text(kept.owner.account.as_str())
            .text(kept.name.as_str())
            .json_or_null(Some(&kept.content.metadata))
            .json_or_null(Some(&kept.content.tags))
            .text_or_null(kept.content.collection.as_deref())
            .json_or_null(Some(&kept.content.attributes))
            .plain(kept.text_bytes())
            .plain(passages.len())
            .time(kept.at)
            .end();
            for passage in passages {
                rows.row(
                    "document_passages (document_id, ordinal, tenant_id, account_id, body, \
                     body_hash)",
                )
                .text(id)
                .plain(passage.ordinal)
                .text(kept.owner.tenant.as_str())
                .text(kept.owner.account.as_str())
                .text(passage.body)
                .text(&passage.body_hash)
                .end();
            }
        }
    }
}
