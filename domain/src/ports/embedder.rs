use futures::future::BoxFuture;

use super::ProviderFailure;

/// Somebody who turns texts into vectors, such that texts of like meaning are close.
pub trait Embedder: Send + Sync {
    /// The model. Vectors of two models have nothing to do with each other.
    fn model(&self) -> &str;

    /// The vectors of these texts, in their order, each of unit length.
    fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f32>>, ProviderFailure>>;
}
