use chrono::{DateTime, Utc};
use jan_domain::Owner;
use jan_domain::account::{Account, AccountCommand, AccountError, LiveAccount, SecretHash};
use jan_domain::id::{AccountId, SessionId, TenantId};
use jan_domain::metadata::{Metadata, Request};

use crate::{CommandError, Commands};

/// What a session's refresh token is good for.
#[derive(Debug, Clone)]
pub struct SessionTerms {
    /// Of the refresh token that was just made.
    pub refresh: SecretHash,
    /// When it dies.
    pub expires_at: DateTime<Utc>,
}

/// The ids of a guest about to be let in.
#[derive(Debug, Clone)]
pub struct NewGuest {
    /// The account.
    pub account: AccountId,
    /// Its first session.
    pub session: SessionId,
    /// Of its refresh token.
    pub terms: SessionTerms,
}

/// Lets somebody in without a name.
pub async fn create_guest(
    commands: &Commands,
    guest: NewGuest,
    request: &Request,
) -> Result<LiveAccount, CommandError<AccountError>> {
    let owner = Owner {
        tenant: TenantId::default(),
        account: guest.account.clone(),
    };
    let body = guest.account.as_str().trim_start_matches("user_");
    let command = AccountCommand::CreateGuest {
        owner: owner.clone(),
        username: format!("guest-{body}"),
        session: guest.session,
        refresh: guest.terms.refresh,
        expires_at: guest.terms.expires_at,
        at: commands.clock.now(),
    };
    let metadata = own_metadata(&owner, request);
    let executed = commands
        .accounts
        .create(guest.account.as_str(), command, &metadata)
        .await?;
    live(executed.after.state)
}

/// Exchanges a refresh token. One that was exchanged before closes the session: somebody holds a
/// copy, and we cannot tell who is the thief.
pub async fn refresh_session(
    commands: &Commands,
    (account, session): (&AccountId, &SessionId),
    presented: SecretHash,
    terms: SessionTerms,
    request: &Request,
) -> Result<LiveAccount, CommandError<AccountError>> {
    let command = AccountCommand::RefreshSession {
        session: session.clone(),
        presented,
        refresh: terms.refresh,
        expires_at: terms.expires_at,
        at: commands.clock.now(),
    };
    let owner = Owner {
        tenant: TenantId::default(),
        account: account.clone(),
    };
    let metadata = own_metadata(&owner, request);
    let executed = commands
        .accounts
        .execute(account.as_str(), command, &metadata)
        .await?;
    let live = live(executed.after.state)?;
    if live.session_is_open(session) {
        Ok(live)
    } else {
        Err(CommandError::Refused(AccountError::SessionNotOpen))
    }
}

/// Ends a session; its tokens are refused from now on.
pub async fn log_out(
    commands: &Commands,
    owner: &Owner,
    session: &SessionId,
    request: &Request,
) -> Result<(), CommandError<AccountError>> {
    let command = AccountCommand::CloseSession {
        session: session.clone(),
        at: commands.clock.now(),
    };
    let metadata = own_metadata(owner, request);
    commands
        .accounts
        .execute(owner.account.as_str(), command, &metadata)
        .await?;
    Ok(())
}

fn own_metadata(owner: &Owner, request: &Request) -> Metadata {
    let mut metadata = Metadata::of_system(owner, &request.id);
    metadata.actor_id = owner.account.to_string();
    metadata.request_id.clone_from(&request.id);
    metadata.traceparent.clone_from(&request.traceparent);
    metadata
}

fn live(account: Account) -> Result<LiveAccount, CommandError<AccountError>> {
    match account {
        Account::Live(live) => Ok(live),
        Account::NotCreated | Account::Erased => Err(CommandError::Refused(AccountError::NotFound)),
    }
}
