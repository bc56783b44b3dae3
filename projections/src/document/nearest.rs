//! Which passages mean most nearly what is asked: all in question are compared, so this is exact. What
//! one owner may keep bounds how many there are. pgvector compares them where the database has it, and
//! sends the best; else the vectors come here.

use futures::TryStreamExt;
use jan_domain::caller::Owner;
use jan_domain::ports::{DocumentHit, DocumentQuery};
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::types::Json;

use super::reader::DocumentReader;
use super::search::Found;
use crate::error::ReadError;
use crate::projection::column;

/// The longest vector that pgvector takes.
const PGVECTOR_DIMENSIONS: usize = 16_000;

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

/// The best passages with their likeness, and how many were looked at.
#[derive(Default)]
struct Ranking {
    best: Vec<(f32, String, i32)>,
    compared: u64,
    unembedded: u64,
}

/// A question whose parameters `$1` to `$7` are those of `vectors.sql`.
type Candidates<'q, Row> = QueryAs<'q, Postgres, Row, PgArguments>;

impl DocumentReader {
    /// Compares what is asked, a vector of unit length, with the passages in question.
    pub async fn nearest(
        &self,
        query: &DocumentQuery,
        (model, asked): (&str, &[f32]),
    ) -> Result<Nearest, ReadError> {
        let accepted = self.accepted(query).await?;
        let ranking = if asked.len() <= PGVECTOR_DIMENSIONS && self.has_pgvector().await? {
            let sql = concat!(
                "with candidate as (",
                include_str!("vectors.sql"),
                ") ",
                include_str!("nearest.sql")
            );
            let rows = candidates(sql, query, model, accepted);
            self.ranked_there(rows.bind(asked).bind(i64::from(query.limit)))
                .await?
        } else {
            let sql = include_str!("vectors.sql");
            let rows = candidates(sql, query, model, accepted);
            let most = usize::try_from(query.limit).unwrap_or(usize::MAX);
            self.ranked_here(rows, asked, most).await?
        };
        Ok(Nearest {
            hits: self.passages(&query.owner, &ranking.best).await?,
            compared: ranking.compared,
            unembedded: ranking.unembedded,
        })
    }

    /// Whether pgvector is installed; asked once.
    async fn has_pgvector(&self) -> Result<bool, sqlx::Error> {
        let ask =
            || sqlx::query_scalar("select to_regtype('vector') is not null").fetch_one(&self.pool);
        self.pgvector.get_or_try_init(ask).await.copied()
    }

    async fn ranked_there(
        &self,
        rows: Candidates<'_, (String, i32, Option<f32>, i64, i64)>,
    ) -> Result<Ranking, ReadError> {
        let mut ranking = Ranking::default();
        for (id, ordinal, likeness, compared, all) in rows.fetch_all(&self.pool).await? {
            ranking.compared = compared.unsigned_abs();
            ranking.unembedded = (all - compared).unsigned_abs();
            ranking
                .best
                .extend(likeness.map(|likeness| (likeness, id, ordinal)));
        }
        Ok(ranking)
    }

    async fn ranked_here(
        &self,
        rows: Candidates<'_, (String, i32, Option<Vec<f32>>)>,
        asked: &[f32],
        most: usize,
    ) -> Result<Ranking, ReadError> {
        let mut ranking = Ranking::default();
        let mut rows = rows.fetch(&self.pool);
        while let Some((id, ordinal, vector)) = rows.try_next().await? {
            let Some(vector) = vector.filter(|vector| vector.len() == asked.len()) else {
                ranking.unembedded += 1;
                continue;
            };
            ranking.compared += 1;
            let likeness = vector.iter().zip(asked).map(|(a, b)| a * b).sum::<f32>();
            let best = &mut ranking.best;
            let place = best.partition_point(|(other, ..)| *other >= likeness);
            if place < most {
                best.insert(place, (likeness, id, ordinal));
                best.truncate(most);
            }
        }
        Ok(ranking)
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
}

fn candidates<'q, Row>(
    sql: &'q str,
    query: &'q DocumentQuery,
    model: &'q str,
    accepted: Option<Vec<String>>,
) -> Candidates<'q, Row>
where
    Row: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
{
    sqlx::query_as(sql)
        .bind(query.owner.tenant.as_str())
        .bind(query.owner.account.as_str())
        .bind(&query.names)
        .bind(Json(&query.tags))
        .bind(model)
        .bind(&query.collections)
        .bind(accepted)
}
