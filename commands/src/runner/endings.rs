use jan_domain::id::{NodeId, ResponseId};
use sqlx::PgPool;

/// Those of `ids` that `node` has lost: their streams have an ending, another process has taken
/// them up since, or their owner is being erased.
pub(crate) async fn lost_of(
    pool: &PgPool,
    ids: &[ResponseId],
    node: &NodeId,
) -> Result<Vec<ResponseId>, sqlx::Error> {
    let sql = r"
        select aggregate_id
          from (select distinct on (aggregate_id)
                       aggregate_id, event_type, payload #>> '{Claimed,node}' as claimed_by,
                       tenant_id, owner_id
                  from events
                 where aggregate_type = 'response'
                   and aggregate_id = any($1)
                   and event_type in ('ResponseCancelled', 'ResponseClaimed', 'ResponseCompleted',
                                      'ResponseFailed', 'ResponseIncomplete')
                 order by aggregate_id, sequence desc) as last
         where event_type <> 'ResponseClaimed'
            or claimed_by <> $2
            or exists (select
                         from erasures
                        where (erasures.tenant_id, erasures.account_id)
                              = (last.tenant_id, last.owner_id))";
    let names: Vec<&str> = ids.iter().map(ResponseId::as_str).collect();
    let lost: Vec<String> = sqlx::query_scalar(sql)
        .bind(names)
        .bind(node.as_str())
        .fetch_all(pool)
        .await?;
    let lost = lost.iter().filter_map(|id| ResponseId::parse(id).ok());
    Ok(lost.collect())
}
