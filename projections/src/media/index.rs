use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, InvalidId, MediaId, TenantId};
use jan_domain::ports::{MediaIndex, ReadFailure};

use super::reader::MediaReader;

impl MediaIndex for MediaReader {
    fn bytes_of<'a>(&'a self, owner: &'a Owner) -> BoxFuture<'a, Result<u64, ReadFailure>> {
        self.sum_bytes(owner)
            .map(|sum| sum.map_err(|error| ReadFailure(error.into())))
            .boxed()
    }

    fn due(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<(Owner, MediaId)>, ReadFailure>> {
        self.find_due(now, limit)
            .map(|found| found.map_err(|error| ReadFailure(error.into())))
            .boxed()
    }
}

impl MediaReader {
    async fn sum_bytes(&self, owner: &Owner) -> Result<u64, sqlx::Error> {
        let sql = r"
            select coalesce(sum(bytes), 0)::bigint
              from media
             where tenant_id = $1
               and account_id = $2";
        let sum: i64 = sqlx::query_scalar(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .fetch_one(&self.pool)
            .await?;
        Ok(sum.unsigned_abs())
    }

    /// Whoever gives something up deletes its bytes at once; what is still leaving after a minute was
    /// left behind.
    async fn find_due(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<(Owner, MediaId)>, sqlx::Error> {
        let sql = r"
            select tenant_id, account_id, media_id
              from media
             where due_at <= $1
               and (state <> 'leaving' or due_at <= $1 - interval '1 minute')
             order by due_at
             limit $2";
        let rows: Vec<(String, String, String)> = sqlx::query_as(sql)
            .bind(now)
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        let read = |(tenant, account, media): &(String, String, String)| {
            let owner = Owner {
                tenant: TenantId::new(tenant),
                account: AccountId::parse(account)?,
            };
            Ok((owner, MediaId::parse(media)?))
        };
        let read = rows.iter().map(read).collect::<Result<_, InvalidId>>();
        read.map_err(|error| sqlx::Error::Decode(error.into()))
    }
}
