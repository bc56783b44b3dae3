use jan_domain::id::{ResponseId, StepId};
use jan_domain::response::run::StepOutcome;
use sqlx::PgPool;

/// What came of effects, kept beside the streams: an outcome is safe here even while its event is
/// still contended, and when its process has lost the run.
#[derive(Debug, Clone)]
pub(crate) struct Journal {
    pool: PgPool,
}

/// An outcome as it was kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub(crate) outcome: StepOutcome,
    pub(crate) took_ms: u64,
}

impl Journal {
    /// The journal in this database.
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// The outcome of a step, if one was kept.
    pub(crate) async fn find(&self, step: &StepId) -> Result<Option<Kept>, sqlx::Error> {
        let sql = "select outcome, took_ms from effect_journal where step_id = $1";
        let row: Option<(String, i64)> = sqlx::query_as(sql)
            .bind(step.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|(text, took_ms)| read(&text, took_ms)).transpose()
    }

    /// Keeps an outcome, unless one was kept before, and answers the one that stands.
    pub(crate) async fn keep(
        &self,
        (response, step, epoch): (&ResponseId, &StepId, u32),
        kept: Kept,
    ) -> Result<Kept, sqlx::Error> {
        let sql = r"
            insert into effect_journal (step_id, response_id, epoch, outcome, took_ms)
            values ($1, $2, $3, $4, $5)
                on conflict (step_id) do nothing";
        let text = serde_json::to_string(&kept.outcome).expect("outcomes have text keys");
        let written = sqlx::query(sql)
            .bind(step.as_str())
            .bind(response.as_str())
            .bind(i32::try_from(epoch).unwrap_or(i32::MAX))
            .bind(text)
            .bind(i64::try_from(kept.took_ms).unwrap_or(i64::MAX))
            .execute(&self.pool)
            .await?;
        if written.rows_affected() == 1 {
            return Ok(kept);
        }
        Ok(self.find(step).await?.unwrap_or(kept))
    }
}

fn read(text: &str, took_ms: i64) -> Result<Kept, sqlx::Error> {
    let outcome = serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(Kept {
        outcome,
        took_ms: took_ms.unsigned_abs(),
    })
}
