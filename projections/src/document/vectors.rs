//! The vectors of passages: a cache beside the read model, which no fold knows of.

use futures::TryStreamExt;
use jan_domain::caller::Owner;
use jan_domain::ports::{DocumentHit, DocumentQuery};
use sqlx::types::Json;

use super::reader::DocumentReader;
use super::search::Found;
use crate::error::ReadError;
use crate::projection::column;

/// A passage whose vector is not known.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Unembedded {
    tenant_id: String,
    account_id: String,
    body_hash: String,
    pub(super) body: String,
}

/// What the vectors of an owner's passages say.
#[derive(Debug, Default)]
pub struct Nearest {
    /// The passages that mean most nearly what is asked, best first.
    pub hits: Vec<DocumentHit>,
    /// How many were compared.
    pub compared: u64,
    /// How many could not be.
    pub unembedded: u64,
}

impl DocumentReader {
    /// Compares what is asked with all passages in question: exact, and without any extension of the
    /// database. What one owner may keep bounds how many there are.
    pub async fn nearest(
        &self,
        query: &DocumentQuery,
        (model, asked): (&str, &[f32]),
    ) -> Result<Nearest, ReadError> {
        let mut nearest = Nearest::default();
        let mut best: Vec<(f32, String, i32)> = Vec::new();
        let accepted = self.accepted(query).await?;
        let mut rows = sqlx::query_as(include_str!("vectors.sql"))
            .bind(query.owner.tenant.as_str())
            .bind(query.owner.account.as_str())
            .bind(&query.names)
            .bind(Json(&query.tags))
            .bind(model)
            .bind(&query.collections)
            .bind(accepted)
            .fetch(&self.pool);
        let most = usize::try_from(query.limit).unwrap_or(usize::MAX);
        while let Some(row) = rows.try_next().await? {
            let (id, ordinal, vector): (String, i32, Option<Vec<f32>>) = row;
            let Some(vector) = vector.filter(|vector| vector.len() == asked.len()) else {
                nearest.unembedded += 1;
                continue;
            };
            nearest.compared += 1;
            let likeness = vector.iter().zip(asked).map(|(a, b)| a * b).sum::<f32>();
            let place = best.partition_point(|(other, ..)| *other >= likeness);
            if place < most {
                best.insert(place, (likeness, id, ordinal));
                best.truncate(most);
            }
        }
        drop(rows);
        nearest.hits = self.passages(&query.owner, &best).await?;
        Ok(nearest)
    }

    /// These passages, in this order.
    async fn passages(
        &self,
        owner: &Owner,
        best: &[(f32, String, i32)],
    ) -> Result<Vec<DocumentHit>, ReadError> {
        let sql = r"
            select ordinal, name, metadata, tags, collection, attributes, body, '' as snippet, likeness as score
              from unnest($1::text[], $2::integer[], $3::real[]) with ordinality
                   as wanted (document_id, ordinal, likeness, place)
              join document_passages as passage using (document_id, ordinal)
              join documents using (document_id)
             where passage.tenant_id = $4
               and passage.account_id = $5
             order by place";
        let rows: Vec<Found> = sqlx::query_as(sql)
            .bind(column(best, |(_, id, _)| id.as_str()))
            .bind(column(best, |(.., ordinal)| *ordinal))
            .bind(column(best, |(likeness, ..)| *likeness))
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(DocumentHit::from).collect())
    }

    /// Some passages whose vectors by this model are not known.
    pub(super) async fn unembedded(
        &self,
        model: &str,
        limit: i64,
    ) -> Result<Vec<Unembedded>, sqlx::Error> {
        let sql = r"
            select distinct on (tenant_id, account_id, body_hash)
                   tenant_id, account_id, body_hash, body
              from document_passages as passage
             where not exists (select from passage_embeddings as known
                                where (known.tenant_id, known.account_id, known.body_hash)
                                      = (passage.tenant_id, passage.account_id, passage.body_hash)
                                  and known.model = $1)
             limit $2";
        sqlx::query_as(sql)
            .bind(model)
            .bind(limit)
            .fetch_all(&self.pool)
            .await
    }

    /// Keeps a vector, if its passage is still there.
    pub(super) async fn keep_vector(
        &self,
        model: &str,
        passage: &Unembedded,
        vector: &[f32],
    ) -> Result<(), sqlx::Error> {
        let sql = r"
            insert into passage_embeddings (tenant_id, account_id, body_hash, model, vector)
            select $1, $2, $3, $4, $5
             where exists (select from document_passages
                            where (tenant_id, account_id, body_hash) = ($1, $2, $3))
                on conflict do nothing";
        sqlx::query(sql)
            .bind(&passage.tenant_id)
            .bind(&passage.account_id)
            .bind(&passage.body_hash)
            .bind(model)
            .bind(vector)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Forgets the vectors of passages that are not there any more, and answers how many.
    pub(super) async fn forget_vectors(&self) -> Result<u64, sqlx::Error> {
        let sql = r"
            delete from passage_embeddings as known
             where not exists (select from document_passages as passage
                                where (passage.tenant_id, passage.account_id, passage.body_hash)
                                      = (known.tenant_id, known.account_id, known.body_hash))";
        let forgotten = sqlx::query(sql).execute(&self.pool).await?;
        Ok(forgotten.rows_affected())
    }
}
