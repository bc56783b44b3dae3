use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::id::{NodeId, ResponseId};
use jan_domain::ports::{ReadFailure, UnattendedRuns};

use super::reader::RunReader;

impl UnattendedRuns for RunReader {
    fn unattended<'a>(
        &'a self,
        others: &'a [NodeId],
        held: &'a [ResponseId],
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<ResponseId>, ReadFailure>> {
        let found = self.find_unattended(others, held, limit);
        found
            .map(|found| found.map_err(|error| ReadFailure(Box::new(error))))
            .boxed()
    }
}

impl RunReader {
    async fn find_unattended(
        &self,
        others: &[NodeId],
        held: &[ResponseId],
        limit: u32,
    ) -> Result<Vec<ResponseId>, sqlx::Error> {
        let sql = r"
            select response_id
              from runs
             where status in ('queued', 'in_progress')
               and (node_id is null or node_id <> all($1))
               and response_id <> all($2)
             order by created_at
             limit $3";
        let others: Vec<&str> = others.iter().map(NodeId::as_str).collect();
        let held: Vec<&str> = held.iter().map(ResponseId::as_str).collect();
        let ids: Vec<String> = sqlx::query_scalar(sql)
            .bind(others)
            .bind(held)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        ids.into_iter()
            .map(|id| ResponseId::parse(&id).map_err(|error| sqlx::Error::Decode(error.into())))
            .collect()
    }
}
