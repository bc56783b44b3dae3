use jan_domain::account::AccountEvent;
use jan_domain::caller::Owner;
use jan_domain::history::Event;
use sqlx::PgConnection;

use crate::projection::column;

/// Owners whose erasure a stretch of history tells. Nothing of theirs comes after it, so their rows
/// are deleted last.
#[derive(Default)]
pub(crate) struct ErasedOwners(Vec<Owner>);

impl ErasedOwners {
    /// Takes in an event if it tells an erasure.
    pub(crate) fn fold(&mut self, event: &Event) {
        if let Event::Account(AccountEvent::Erased { owner, .. }) = event {
            self.0.push(owner.clone());
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Deletes what is theirs. Each statement is given their tenants as `$1` and, in the same order,
    /// their accounts as `$2`.
    pub(crate) async fn delete(
        &self,
        connection: &mut PgConnection,
        statements: &[&str],
    ) -> Result<(), sqlx::Error> {
        if self.is_empty() {
            return Ok(());
        }
        for sql in statements {
            sqlx::query(sql)
                .bind(column(&self.0, |owner| owner.tenant.as_str()))
                .bind(column(&self.0, |owner| owner.account.as_str()))
                .execute(&mut *connection)
                .await?;
        }
        Ok(())
    }
}
