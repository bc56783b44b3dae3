use sqlx::PgPool;

use super::error::RebuildError;

/// How far the live generation is.
pub(super) async fn live_position(pool: &PgPool, name: &'static str) -> Result<i64, RebuildError> {
    let sql = "select position from projections where name = $1 and status = 'live'";
    let position: Option<i64> = sqlx::query_scalar(sql)
        .bind(name)
        .fetch_optional(pool)
        .await?;
    position.ok_or(RebuildError::NotLive { name })
}
