use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use super::{AccountCommand, AccountError, AccountEvent, ClosedBecause, SecretHash};
use crate::caller::{CallerKind, Owner};
use crate::decider::{self, Decider};
use crate::id::SessionId;

/// The life of an account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Account {
    /// Not yet.
    #[default]
    NotCreated,
    /// It can sign in.
    Live(LiveAccount),
    /// Nothing of it can be read any more.
    Erased,
}

/// What a live account holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveAccount {
    /// Tenant, and the account's own id.
    pub owner: Owner,
    /// What the deployment knows of it.
    pub kind: CallerKind,
    /// Its name.
    pub username: String,
    /// Its sessions, open and closed.
    pub sessions: BTreeMap<SessionId, Session>,
}

/// The life of a session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Session {
    /// Its refresh token can be exchanged.
    Open {
        /// Of the living refresh token.
        refresh: SecretHash,
        /// Of every token it replaced: seeing one again means a thief.
        replaced: Vec<SecretHash>,
        /// When the living token dies.
        expires_at: DateTime<Utc>,
        /// When it was opened.
        opened_at: DateTime<Utc>,
    },
    /// Ended for good.
    Closed,
}

/// Replaced tokens that are remembered per session; older ones are merely unknown.
const REPLACED_TOKENS_MAX: usize = 32;

impl Decider for Account {
    fn decide(&self, command: AccountCommand) -> Result<Vec<AccountEvent>, AccountError> {
        use AccountCommand as C;
        use AccountEvent as E;
        match (self, command) {
            (
                Self::NotCreated,
                C::CreateGuest {
                    owner,
                    username,
                    session,
                    refresh,
                    expires_at,
                    at,
                },
            ) => Ok(vec![
                E::GuestCreated {
                    owner,
                    username,
                    at,
                },
                E::SessionOpened {
                    session,
                    refresh,
                    expires_at,
                    at,
                },
            ]),
            (Self::Live(live), C::CreateGuest { owner, session, .. })
                if live.owner == owner && live.sessions.contains_key(&session) =>
            {
                Ok(vec![])
            }
            (Self::Live(_), C::CreateGuest { .. }) => Err(AccountError::AlreadyExists),
            (Self::NotCreated, _) => Err(AccountError::NotFound),
            (Self::Live(live), C::Erase { at }) => Ok(vec![E::Erased {
                owner: live.owner.clone(),
                at,
            }]),
            (Self::Erased, C::Erase { .. }) => Ok(vec![]),
            (Self::Erased, _) => Err(AccountError::NotFound),
            (
                Self::Live(live),
                C::RefreshSession {
                    session,
                    presented,
                    refresh,
                    expires_at,
                    at,
                },
            ) => match live.refresh(&session, &presented, &refresh, at)? {
                Exchange::Known => Ok(vec![]),
                Exchange::Granted => Ok(vec![E::SessionRefreshed {
                    session,
                    refresh,
                    expires_at,
                    at,
                }]),
                Exchange::Stolen => Ok(vec![E::SessionClosed {
                    session,
                    because: ClosedBecause::RefreshTokenReused,
                    at,
                }]),
            },
            (Self::Live(live), C::CloseSession { session, at }) => live.close(session, at),
        }
    }
}

enum Exchange {
    Granted,
    Known,
    Stolen,
}

impl LiveAccount {
    fn refresh(
        &self,
        session: &SessionId,
        presented: &SecretHash,
        fresh: &SecretHash,
        now: DateTime<Utc>,
    ) -> Result<Exchange, AccountError> {
        let Some(Session::Open {
            refresh,
            replaced,
            expires_at,
            ..
        }) = self.sessions.get(session)
        else {
            return Err(AccountError::SessionNotOpen);
        };
        if refresh == fresh && replaced.last() == Some(presented) {
            return Ok(Exchange::Known);
        }
        if replaced.contains(presented) {
            return Ok(Exchange::Stolen);
        }
        if *expires_at <= now {
            return Err(AccountError::SessionNotOpen);
        }
        if refresh == presented {
            Ok(Exchange::Granted)
        } else {
            Err(AccountError::WrongRefreshToken)
        }
    }

    fn close(
        &self,
        session: SessionId,
        at: DateTime<Utc>,
    ) -> Result<Vec<AccountEvent>, AccountError> {
        match self.sessions.get(&session) {
            None => Err(AccountError::SessionNotOpen),
            Some(Session::Closed) => Ok(vec![]),
            Some(Session::Open { .. }) => Ok(vec![AccountEvent::SessionClosed {
                session,
                because: ClosedBecause::LoggedOut,
                at,
            }]),
        }
    }

    /// Whether the session's access tokens may still be used.
    pub fn session_is_open(&self, session: &SessionId) -> bool {
        matches!(self.sessions.get(session), Some(Session::Open { .. }))
    }
}

impl Aggregate for Account {
    const TYPE: &'static str = "account";
    type Command = AccountCommand;
    type Event = AccountEvent;
    type Error = AccountError;
    type Services = ();

    async fn handle(
        &mut self,
        command: AccountCommand,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), AccountError> {
        decider::handle(self, command, sink).await
    }

    fn apply(&mut self, event: AccountEvent) {
        use AccountEvent as E;
        match (&mut *self, event) {
            (
                Self::NotCreated,
                E::GuestCreated {
                    owner, username, ..
                },
            ) => {
                *self = Self::Live(LiveAccount {
                    owner,
                    kind: CallerKind::Guest,
                    username,
                    sessions: BTreeMap::new(),
                });
            }
            (
                Self::Live(live),
                E::SessionOpened {
                    session,
                    refresh,
                    expires_at,
                    at,
                },
            ) => {
                let open = Session::Open {
                    refresh,
                    replaced: Vec::new(),
                    expires_at,
                    opened_at: at,
                };
                live.sessions.insert(session, open);
            }
            (
                Self::Live(live),
                E::SessionRefreshed {
                    session,
                    refresh,
                    expires_at,
                    ..
                },
            ) => {
                live.replace_token(&session, refresh, expires_at);
            }
            (Self::Live(live), E::SessionClosed { session, .. }) => {
                live.sessions.insert(session, Session::Closed);
            }
            (state, E::Erased { .. }) => *state = Self::Erased,
            (state, event) => debug_assert!(false, "{event:?} cannot follow {state:?}"),
        }
    }
}

impl LiveAccount {
    fn replace_token(&mut self, session: &SessionId, fresh: SecretHash, until: DateTime<Utc>) {
        if let Some(Session::Open {
            refresh,
            replaced,
            expires_at,
            ..
        }) = self.sessions.get_mut(session)
        {
            replaced.push(std::mem::replace(refresh, fresh));
            if replaced.len() > REPLACED_TOKENS_MAX {
                replaced.remove(0);
            }
            *expires_at = until;
        }
    }
}
