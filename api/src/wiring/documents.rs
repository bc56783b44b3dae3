use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jan_commands::document::index_document;
use jan_commands::store::{EventLog, Store};
use jan_domain::caller::Owner;
use jan_domain::document::{Document, DocumentContent, DocumentName};
use jan_domain::metadata::{Metadata, Request};
use jan_domain::ports::{
    Clock, DocumentFailure, DocumentHits, DocumentQuery, DocumentStore, Embedder, IndexedDocument,
    ReadFailure, SearchMode,
};
use jan_infra::clock::SystemClock;
use jan_infra::config::FileSearchSettings;
use jan_infra::embedder::CatalogEmbedder;
use jan_projections::{Consistency, Embedding, Freshness, ReadModel, ReadModels};
use tokio::sync::Notify;

use super::Blueprint;
use super::fusion::fuse;

/// Passages that each way of searching gives to be put together.
const FUSED: u32 = 60;
/// Longest a search waits for the vector of what is asked.
const EMBEDDING_MAX: Duration = Duration::from_secs(5);

/// Documents as tools handle them: written as events, searched in their read model, which is waited
/// for so that everybody finds what they have just kept.
pub(super) struct Documents {
    store: Store<Document>,
    reads: ReadModels,
    clock: Arc<dyn Clock>,
    pub(super) settings: FileSearchSettings,
    embedder: Option<Arc<dyn Embedder>>,
    /// Rung when a document was kept.
    kept: Arc<Notify>,
}

impl Documents {
    /// The documents of an application.
    pub(super) fn of(blueprint: &Blueprint, log: &EventLog, reads: &ReadModels) -> Self {
        let settings = blueprint.file_search.clone();
        let model = settings.embedding_model.clone();
        let model = model.filter(|_| settings.enabled);
        let embedder = model.map(|model| -> Arc<dyn Embedder> {
            Arc::new(CatalogEmbedder::new(Arc::clone(&blueprint.models), model))
        });
        Self {
            store: Store::new(log.clone()),
            reads: reads.clone(),
            clock: Arc::new(SystemClock),
            settings,
            embedder,
            kept: Arc::default(),
        }
    }

    /// What makes the vectors of what is kept, if an operator has named a model for it.
    pub(super) fn embedding(&self) -> Option<Embedding> {
        Some(Embedding {
            reads: self.reads.clone(),
            embedder: self.embedder.clone()?,
            kept: Arc::clone(&self.kept),
        })
    }

    async fn keep(
        &self,
        (owner, request): (&Owner, &Request),
        name: DocumentName,
        content: DocumentContent,
    ) -> Result<IndexedDocument, DocumentFailure> {
        self.require_room(owner, &name, &content).await?;
        let metadata = Metadata {
            actor_id: owner.account.to_string(),
            correlation_id: request.id.clone(),
            request_id: request.id.clone(),
            traceparent: request.traceparent.clone(),
            ..Metadata::of_system(owner, "file_search_index")
        };
        let document = (name, content);
        let indexed =
            index_document(&self.store, owner, document, &metadata, self.clock.now()).await;
        self.kept.notify_one();
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
        let held = self.reads.documents.shelf_beside(owner, &id);
        let held = held.await.map_err(unreadable)?;
        let documents_max = self.settings.documents_max;
        let bytes_max = self.settings.bytes_max as u64;
        let bytes = held.text_bytes.unsigned_abs() + content.text.len() as u64;
        if held.documents < i64::from(documents_max) && bytes <= bytes_max {
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
        let mut found = self.search_all(query).await?;
        found.hits.retain(|hit| hit.score >= query.score_min);
        Ok(found)
    }

    async fn search_all(&self, query: &DocumentQuery) -> Result<DocumentHits, DocumentFailure> {
        let complete = self.fresh().await?;
        let documents = &self.reads.documents;
        let mut found = DocumentHits {
            mode: SearchMode::Text,
            complete,
            unembedded: None,
            hits: Vec::new(),
        };
        let Some((model, asked)) = self.embedded(query).await else {
            found.hits = documents.search(query).await.map_err(unreadable)?;
            return Ok(found);
        };
        let deep = DocumentQuery {
            limit: FUSED,
            ..query.clone()
        };
        let by_meaning = documents.nearest(&deep, (model, &asked));
        let (by_words, by_meaning) = tokio::join!(documents.search(&deep), by_meaning);
        let by_meaning = by_meaning.map_err(unreadable)?;
        if by_meaning.compared > 0 {
            found.mode = SearchMode::Hybrid;
        }
        found.unembedded = Some(by_meaning.unembedded);
        let legs = [by_words.map_err(unreadable)?, by_meaning.hits];
        found.hits = fuse(legs, query.limit as usize);
        Ok(found)
    }

    /// What is asked as a vector, if there is somebody to make one, and in time.
    async fn embedded(&self, query: &DocumentQuery) -> Option<(&str, Vec<f32>)> {
        let embedder = self.embedder.as_ref()?;
        let embedding = embedder.embed(vec![query.text.clone()]);
        match tokio::time::timeout(EMBEDDING_MAX, embedding).await {
            Ok(Ok(vectors)) => Some((embedder.model(), vectors.into_iter().next()?)),
            Ok(Err(failure)) => {
                tracing::warn!(error = %failure, "documents are searched by their words only");
                None
            }
            Err(_) => {
                tracing::warn!("documents are searched by their words only: no vector in time");
                None
            }
        }
    }
}

fn unreadable(error: jan_projections::ReadError) -> DocumentFailure {
    ReadFailure(error.into()).into()
}

impl DocumentStore for Documents {
    fn index<'a>(
        &'a self,
        by: (&'a Owner, &'a Request),
        name: DocumentName,
        content: DocumentContent,
    ) -> BoxFuture<'a, Result<IndexedDocument, DocumentFailure>> {
        self.keep(by, name, content).boxed()
    }

    fn query<'a>(
        &'a self,
        query: &'a DocumentQuery,
    ) -> BoxFuture<'a, Result<DocumentHits, DocumentFailure>> {
        self.search(query).boxed()
    }
}
