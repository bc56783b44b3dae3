use jan_commands::Commands;
use jan_domain::account::Account;
use jan_domain::id::AccountId;
use jan_domain::metadata::{Metadata, Request};
use jan_domain::{Caller, CallerKind, Owner};

use crate::error::ApiError;

/// Whose media it will be, and who says so. Nobody but a service may keep something for somebody else;
/// a `user_id` that is no account's is a note of its own, and the media is the service's.
pub(super) async fn on_behalf(
    commands: &Commands,
    (caller, request): (&Caller, &Request),
    user_id: Option<&str>,
) -> Result<(Owner, Metadata), ApiError> {
    let mut metadata = Metadata::of(caller, request);
    let user = user_id.and_then(|id| AccountId::parse(id).ok());
    let Some(user) = user.filter(|_| caller.kind == CallerKind::Service) else {
        return Ok((caller.owner.clone(), metadata));
    };
    let account = commands.accounts.load(user.as_str()).await?;
    let Account::Live(live) = account.state else {
        let message = format!("No account found with id '{user}'.");
        return Err(ApiError::invalid_value(message).at("user_id"));
    };
    metadata.tenant_id = live.owner.tenant.clone();
    metadata.owner_id = live.owner.account.clone();
    Ok((live.owner, metadata))
}
