use jan_domain::id::ResponseId;
use sqlx::PgPool;

/// Those of `ids` whose streams have an ending.
pub(crate) async fn ended_of(
    pool: &PgPool,
    ids: &[ResponseId],
) -> Result<Vec<ResponseId>, sqlx::Error> {
    let sql = r"
        select distinct aggregate_id
          from events
         where aggregate_type = 'response'
           and aggregate_id = any($1)
           and event_type in ('ResponseCancelled', 'ResponseCompleted', 'ResponseFailed',
                              'ResponseIncomplete')";
    let names: Vec<&str> = ids.iter().map(ResponseId::as_str).collect();
    let ended: Vec<String> = sqlx::query_scalar(sql).bind(names).fetch_all(pool).await?;
    let ended = ended.iter().filter_map(|id| ResponseId::parse(id).ok());
    Ok(ended.collect())
}
