use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::id::{NodeId, ResponseId};
use jan_domain::ports::{OpenResponses, OpenWork, ReadFailure};

use super::reader::ResponseReader;

impl OpenResponses for ResponseReader {
    fn abandoned<'a>(
        &'a self,
        living: &'a [NodeId],
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<ResponseId>, ReadFailure>> {
        let found = self.find_abandoned(living, limit);
        found.map(|found| found.map_err(failure)).boxed()
    }
}

impl OpenWork for ResponseReader {
    fn open_of<'a>(
        &'a self,
        owner: &'a Owner,
    ) -> BoxFuture<'a, Result<Vec<ResponseId>, ReadFailure>> {
        let found = self.find_open_of(owner);
        found.map(|found| found.map_err(failure)).boxed()
    }
}

impl ResponseReader {
    async fn find_open_of(&self, owner: &Owner) -> Result<Vec<ResponseId>, sqlx::Error> {
        let sql = r"
            select response_id
              from responses
             where status = 'in_progress'
               and (tenant_id, account_id) = ($1, $2)";
        let ids: Vec<String> = sqlx::query_scalar(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_all(&self.pool)
            .await?;
        ids_of(&ids)
    }

    async fn find_abandoned(
        &self,
        living: &[NodeId],
        limit: u32,
    ) -> Result<Vec<ResponseId>, sqlx::Error> {
        let sql = r"
            select response_id
              from responses
             where status = 'in_progress'
               and surface = 'chat_completions'
               and node_id <> all($1)
             order by created_at
             limit $2";
        let living: Vec<&str> = living.iter().map(NodeId::as_str).collect();
        let ids: Vec<String> = sqlx::query_scalar(sql)
            .bind(living)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        ids_of(&ids)
    }
}

fn ids_of(ids: &[String]) -> Result<Vec<ResponseId>, sqlx::Error> {
    let parsed = ids.iter().map(|id| ResponseId::parse(id));
    parsed
        .collect::<Result<_, _>>()
        .map_err(|error| sqlx::Error::Decode(error.into()))
}

fn failure(error: sqlx::Error) -> ReadFailure {
    ReadFailure(Box::new(error))
}
