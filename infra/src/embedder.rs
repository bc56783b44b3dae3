//! Vectors by a model of the catalogue.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::ports::{Embedder, ModelCatalog, ProviderFailure};
use serde::Deserialize;
use serde_json::json;

/// Asks the provider of a model for vectors.
pub struct CatalogEmbedder {
    models: Arc<dyn ModelCatalog>,
    model: String,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    index: usize,
    embedding: Vec<f32>,
}

impl CatalogEmbedder {
    /// The embedder by this model, wherever it is served when it is asked.
    pub fn new(models: Arc<dyn ModelCatalog>, model: String) -> Self {
        Self { models, model }
    }

    async fn ask(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ProviderFailure> {
        let route = self.models.find(&self.model);
        let route = route.ok_or(ProviderFailure::Unreachable)?;
        let body = json!({"model": route.upstream_model.as_ref(), "input": texts,
            "encoding_format": "float"});
        let answer = route.provider.embed(body.to_string().into()).await?;
        let answer: Answer =
            serde_json::from_slice(&answer).map_err(|_| ProviderFailure::Garbled)?;
        vectors(answer, texts.len()).ok_or(ProviderFailure::Garbled)
    }
}

impl Embedder for CatalogEmbedder {
    fn model(&self) -> &str {
        &self.model
    }

    fn embed(&self, texts: Vec<String>) -> BoxFuture<'_, Result<Vec<Vec<f32>>, ProviderFailure>> {
        self.ask(texts).boxed()
    }
}

/// One vector for each text, if the answer has them.
fn vectors(mut answer: Answer, texts: usize) -> Option<Vec<Vec<f32>>> {
    answer.data.sort_by_key(|entry| entry.index);
    let mut places = answer.data.iter().map(|entry| entry.index);
    if !places.by_ref().eq(0..texts) {
        return None;
    }
    let entries = answer.data.into_iter();
    entries.map(|entry| unit(entry.embedding)).collect()
}

/// The same direction at unit length, if it is one.
fn unit(vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|part| part * part).sum::<f32>().sqrt();
    (length.is_finite() && length > 0.0)
        .then(|| vector.into_iter().map(|part| part / length).collect())
}

#[cfg(test)]
mod tests {
    use super::{Answer, Entry, vectors};

    fn answer(entries: &[(usize, &[f32])]) -> Answer {
        let entry = |(index, embedding): &(usize, &[f32])| Entry {
            index: *index,
            embedding: embedding.to_vec(),
        };
        Answer {
            data: entries.iter().map(entry).collect(),
        }
    }

    #[test]
    fn vectors_come_in_order_at_unit_length_or_not_at_all() {
        let told = answer(&[(1, &[0.0, 2.0]), (0, &[3.0, 4.0])]);
        assert_eq!(vectors(told, 2), Some(vec![vec![0.6, 0.8], vec![0.0, 1.0]]));
        for (wrong, texts) in [
            (answer(&[(0, &[1.0])]), 2),
            (answer(&[(0, &[1.0]), (0, &[1.0])]), 2),
            (answer(&[(0, &[])]), 1),
            (answer(&[(0, &[0.0])]), 1),
            (answer(&[(0, &[f32::INFINITY])]), 1),
        ] {
            assert_eq!(vectors(wrong, texts), None);
        }
    }
}
