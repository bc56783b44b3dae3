use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};
use jan_domain::CallerKind;
use jan_domain::id::AccountId;
use jan_projections::{ReadModel, UsageRow};

use super::asking::Asking;
use super::scalar::BigInt;
use crate::error::ApiError;

/// What is asked about oneself.
#[derive(Default)]
pub(super) struct AccountQuery;

/// The caller's own account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    id: AccountId,
    username: String,
    kind: CallerKind,
    created_at: DateTime<Utc>,
}

/// What the deployment knows of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
enum AccountKind {
    /// Anonymous.
    Guest,
    /// A registered person.
    User,
    /// A machine with a key.
    Service,
    /// May act on the deployment itself.
    Admin,
}

/// What an account used of one model.
#[derive(SimpleObject)]
struct ModelUsage {
    /// The model, as clients name it.
    model: String,
    /// Calls accepted.
    requests: BigInt,
    /// Of those, answered in full.
    completed: BigInt,
    /// Of those, cut short.
    incomplete: BigInt,
    /// Of those, failed.
    failed: BigInt,
    /// Tokens shown to the model.
    input_tokens: BigInt,
    /// Of those, read from a cache.
    cached_tokens: BigInt,
    /// Tokens written by the model.
    output_tokens: BigInt,
    /// Of those, spent on thinking.
    reasoning_tokens: BigInt,
}

impl From<UsageRow> for ModelUsage {
    fn from(row: UsageRow) -> Self {
        Self {
            model: row.model,
            requests: BigInt(row.requests),
            completed: BigInt(row.completed),
            incomplete: BigInt(row.incomplete),
            failed: BigInt(row.failed),
            input_tokens: BigInt(row.input_tokens),
            cached_tokens: BigInt(row.cached_tokens),
            output_tokens: BigInt(row.output_tokens),
            reasoning_tokens: BigInt(row.reasoning_tokens),
        }
    }
}

/// An account.
#[Object]
impl Account {
    /// `user_…`
    pub(super) async fn id(&self) -> ID {
        self.id.as_str().into()
    }

    /// Its name.
    async fn username(&self) -> &str {
        &self.username
    }

    /// What the deployment knows of it.
    async fn kind(&self) -> AccountKind {
        match self.kind {
            CallerKind::Guest => AccountKind::Guest,
            CallerKind::User => AccountKind::User,
            CallerKind::Service => AccountKind::Service,
            CallerKind::Admin => AccountKind::Admin,
        }
    }

    /// When it began.
    async fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// What it used, by model, over the calls accepted on the UTC days `from` to `to`, both
    /// included: from its first day and to today when nothing is said.
    async fn usage(
        &self,
        ctx: &Context<'_>,
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
    ) -> Result<Option<Vec<ModelUsage>>, ApiError> {
        let asking = Asking::of(ctx);
        asking.reach(ReadModel::Usage).await?;
        let today = asking.state.commands.clock.now().date_naive();
        let days = (from.unwrap_or(NaiveDate::MIN), to.unwrap_or(today));
        // Postgres knows fewer days than a client can name.
        let first_day = self.created_at.date_naive();
        let (from, to) = (
            days.0.clamp(first_day, today),
            days.1.clamp(first_day, today),
        );
        if days.0 > days.1 || days.1 < first_day || days.0 > today {
            return Ok(Some(Vec::new()));
        }
        let usage = &asking.reads().usage;
        let rows = usage.totals(&asking.caller.owner, from, to).await?;
        Ok(Some(rows.into_iter().map(ModelUsage::from).collect()))
    }
}

#[Object]
impl AccountQuery {
    /// Your own account; none if you came by a token that belongs to no account.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Account>, ApiError> {
        find(Asking::of(ctx)).await
    }
}

/// The caller's account.
pub(super) async fn find(asking: &Asking) -> Result<Option<Account>, ApiError> {
    asking.reach(ReadModel::Accounts).await?;
    let owner = &asking.caller.owner;
    let row = asking.reads().accounts.find(owner).await?;
    Ok(row.map(|row| Account {
        id: owner.account.clone(),
        username: row.username,
        kind: row.kind,
        created_at: row.created_at,
    }))
}
