use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::ports::{IdleGuests, ReadFailure};

use super::reader::AccountReader;

impl IdleGuests for AccountReader {
    fn idle(
        &self,
        longer_than: Duration,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Owner>, ReadFailure>> {
        let found = self.find_idle(longer_than, limit);
        found
            .map(|found| found.map_err(|error| ReadFailure(Box::new(error))))
            .boxed()
    }
}

impl AccountReader {
    /// Whoever does anything signs in, renews a session, or asks a model.
    async fn find_idle(
        &self,
        longer_than: Duration,
        limit: u32,
    ) -> Result<Vec<Owner>, sqlx::Error> {
        let sql = r"
            select tenant_id, account_id
              from accounts as guest
             where kind = 'guest'
               and created_at < clock_timestamp() - make_interval(secs => $1)
               and not exists (select
                                 from events
                                where aggregate_type = 'account'
                                  and aggregate_id = guest.account_id
                                  and recorded_at >= clock_timestamp() - make_interval(secs => $1))
               and not exists (select
                                 from usage
                                where (usage.tenant_id, usage.account_id)
                                      = (guest.tenant_id, guest.account_id)
                                  and day >= (clock_timestamp() at time zone 'UTC'
                                              - make_interval(secs => $1))::date)
               and not exists (select
                                 from erasures
                                where (erasures.tenant_id, erasures.account_id)
                                      = (guest.tenant_id, guest.account_id))
             order by created_at
             limit $2";
        let rows: Vec<(String, String)> = sqlx::query_as(sql)
            .bind(longer_than.as_secs_f64())
            .bind(i64::from(limit))
            .fetch_all(&self.pool)
            .await?;
        rows.into_iter()
            .map(|(tenant, account)| {
                let account = AccountId::parse(&account);
                Ok(Owner {
                    tenant: TenantId::new(&tenant),
                    account: account.map_err(|error| sqlx::Error::Decode(error.into()))?,
                })
            })
            .collect()
    }
}
