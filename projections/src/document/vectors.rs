//! The vectors of passages: a cache beside the read model, which no fold knows of.

use super::reader::DocumentReader;

/// A passage whose vector is not known.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Unembedded {
    tenant_id: String,
    account_id: String,
    body_hash: String,
    pub(super) body: String,
}

impl DocumentReader {
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
