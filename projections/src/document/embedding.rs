//! Filling the vectors of passages. An effect, so no fold does it: whoever works looks for passages
//! without a vector, and asks for them.

use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::{Embedder, ProviderFailure};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::vectors::Unembedded;
use crate::ReadModels;
use crate::barrier::{Consistency, ReadModel};
use crate::error::ReadError;

/// Passages of one question to the provider.
const BATCH: i64 = 32;
/// Pause between two looks where nobody says that there is something new.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// Pause after a failure, and how far it grows.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// What keeps the vectors of passages known.
pub struct Embedding {
    /// Where the passages are.
    pub reads: ReadModels,
    /// Who makes the vectors.
    pub embedder: Arc<dyn Embedder>,
    /// Rung when a document was kept here.
    pub kept: Arc<Notify>,
}

#[derive(Debug, thiserror::Error)]
enum EmbeddingError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the vectors of passages cannot be kept")]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Provider(#[from] ProviderFailure),
}

impl Embedding {
    /// Embeds what is kept, until told to stop. While the provider is away, it is asked less and less
    /// often.
    pub async fn keep_embedding(self, stop: CancellationToken) {
        let mut pause = PAUSE.0;
        while !stop.is_cancelled() {
            let waits = match self.embed_all().await {
                Ok(()) => {
                    pause = PAUSE.0;
                    LOOK_EVERY
                }
                Err(error) => {
                    tracing::warn!(error = %error, "some passages have no vectors yet");
                    pause = (pause * 2).min(PAUSE.1);
                    pause / 2
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.kept.notified(), if waits == LOOK_EVERY => {}
                () = tokio::time::sleep(waits) => {}
            }
        }
    }

    /// Embeds until no passage lacks a vector.
    async fn embed_all(&self) -> Result<(), EmbeddingError> {
        let (model, documents) = (self.embedder.model(), &self.reads.documents);
        let barrier = &self.reads.barrier;
        barrier
            .reach(ReadModel::Documents, Consistency::Strong)
            .await?;
        loop {
            let batch = documents.unembedded(model, BATCH).await?;
            if batch.is_empty() {
                documents.forget_vectors().await?;
                return Ok(());
            }
            self.embed(&batch).await?;
        }
    }

    /// A text that its model refuses has an empty vector from then on, so that it is in nobody's way.
    async fn embed(&self, batch: &[Unembedded]) -> Result<(), EmbeddingError> {
        let (model, documents) = (self.embedder.model(), &self.reads.documents);
        let texts = batch.iter().map(|passage| passage.body.clone()).collect();
        let vectors = match (self.embedder.embed(texts).await, batch) {
            (Ok(vectors), _) => vectors,
            (Err(ProviderFailure::Rejected { .. }), [_]) => vec![Vec::new()],
            (Err(ProviderFailure::Rejected { .. }), _) => {
                for passage in batch {
                    Box::pin(self.embed(std::slice::from_ref(passage))).await?;
                }
                return Ok(());
            }
            (Err(failure), _) => return Err(failure.into()),
        };
        for (passage, vector) in batch.iter().zip(vectors) {
            documents.keep_vector(model, passage, &vector).await?;
        }
        Ok(())
    }
}
