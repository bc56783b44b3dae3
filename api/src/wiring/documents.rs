use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jan_commands::document::index_document;
use jan_commands::store::Store;
use jan_domain::caller::Owner;
use jan_domain::document::{Document, DocumentContent, DocumentName};
use jan_domain::metadata::Metadata;
use jan_domain::ports::{
    Clock, DocumentFailure, DocumentHits, DocumentQuery, DocumentStore, IndexedDocument,
    ReadFailure, SearchMode,
};
use jan_infra::config::FileSearchSettings;
use jan_projections::{Consistency, Freshness, ReadModel, ReadModels};

/// Documents as tools handle them: written as events, searched in their read model, which is waited
/// for so that everybody finds what they have just kept.
pub(super) struct Documents {
    pub(super) store: Store<Document>,
    pub(super) reads: ReadModels,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: FileSearchSettings,
}

impl Documents {
    async fn keep(
        &self,
        owner: &Owner,
        name: DocumentName,
        content: DocumentContent,
    ) -> Result<IndexedDocument, DocumentFailure> {
        self.require_room(owner, &name, &content).await?;
        let metadata = Metadata {
            actor_id: owner.account.to_string(),
            ..Metadata::of_system(owner, "file_search_index")
        };
        let document = (name, content);
        let indexed =
            index_document(&self.store, owner, document, &metadata, self.clock.now()).await;
        let indexed = indexed.map_err(|error| DocumentFailure::Unwritable(error.into()))?;
        Ok(IndexedDocument {
            indexed_at: indexed.since,
            unchanged: indexed.unchanged,
        })
    }

    /// How much an owner keeps is asked of the read model: calls at the same moment may exceed it by
    /// a document each, which no stream of its own is worth.
    async fn require_room(
        &self,
        owner: &Owner,
        name: &DocumentName,
        content: &DocumentContent,
    ) -> Result<(), DocumentFailure> {
        self.fresh().await?;
        let id = name.stream_of(owner);
        let shelf = self.reads.documents.shelf_beside(owner, &id);
        let shelf = shelf.await.map_err(unreadable)?;
        let documents_max = self.settings.documents_max;
        let bytes_max = self.settings.bytes_max as u64;
        let bytes = shelf.text_bytes.unsigned_abs() + content.text.len() as u64;
        if shelf.documents < i64::from(documents_max) && bytes <= bytes_max {
            Ok(())
        } else {
            Err(DocumentFailure::Full {
                documents_max,
                bytes_max,
            })
        }
    }

    async fn fresh(&self) -> Result<bool, DocumentFailure> {
        let reached = self
            .reads
            .barrier
            .reach(ReadModel::Documents, Consistency::Strong)
            .await;
        Ok(reached.map_err(unreadable)? == Freshness::Fresh)
    }

    async fn search(&self, query: &DocumentQuery) -> Result<DocumentHits, DocumentFailure> {
        let complete = self.fresh().await?;
        let hits = self.reads.documents.search(query).await;
        Ok(DocumentHits {
            mode: SearchMode::Text,
            complete,
            unembedded: 0,
            hits: hits.map_err(unreadable)?,
        })
    }
}

fn unreadable(error: jan_projections::ReadError) -> DocumentFailure {
    ReadFailure(error.into()).into()
}

impl DocumentStore for Documents {
    fn index<'a>(
        &'a self,
        owner: &'a Owner,
        name: DocumentName,
        content: DocumentContent,
    ) -> BoxFuture<'a, Result<IndexedDocument, DocumentFailure>> {
        self.keep(owner, name, content).boxed()
    }

    fn query<'a>(
        &'a self,
        query: &'a DocumentQuery,
    ) -> BoxFuture<'a, Result<DocumentHits, DocumentFailure>> {
        self.search(query).boxed()
    }
}
