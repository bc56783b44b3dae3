use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::id::{NodeId, ResponseId};
use jan_domain::ports::{ReadFailure, UnattendedRuns};

use super::reader::RunReader;

impl UnattendedRuns for RunReader {
    fn unattended<'a>(
        &'a self,
        living: &'a [NodeId],
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<ResponseId>, ReadFailure>> {
        let found = self.find_unattended(living, limit);
        found
            .map(|found| found.map_err(|error| ReadFailure(Box::new(error))))
            .boxed()
    }
}

impl RunReader {
    async fn find_unattended(
        &self,
        living: &[NodeId],
        limit: u32,
    ) -> Result<Vec<ResponseId>, sqlx::Error> {
        let sql = r"
            select response_id
              from runs
             where status in ('queued', 'in_progress')
               and (node_id is null or node_id <> all($1))
             order by created_at
             limit $2";
        let living: Vec<&str> = living.iter().map(NodeId::as_str).collect();
        let ids: Vec<String> = sqlx::query_scalar(sql)
            .bind(living)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        ids.into_iter()
            .map(|id| ResponseId::parse(&id).map_err(|error| sqlx::Error::Decode(error.into())))
            .collect()
    }
}
