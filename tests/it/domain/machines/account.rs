use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use jan_domain::Owner;
use jan_domain::account::{Account, AccountCommand, SecretHash, Session};
use jan_domain::id::SessionId;
use proptest::prelude::*;

use super::streams::{InMemory, InPostgres};
use super::{Model, compare, reached};
use crate::domain::account::command;
use crate::domain::laws::names;

const SEEDS: &str = "proptest-regressions/domain/machines/account.txt";

/// Tokens, and when the last of them dies.
type Lasting = (Vec<SecretHash>, DateTime<Utc>);

/// An account as a list of tokens per session: the last one is good, the others were.
#[derive(Debug, Clone, Default, PartialEq)]
struct Tokens {
    owner: Option<Owner>,
    erased: bool,
    sessions: BTreeMap<SessionId, Option<Lasting>>,
}

impl Tokens {
    fn with(&self, session: &SessionId, tokens: Option<Lasting>) -> Self {
        let mut after = self.clone();
        after.sessions.insert(session.clone(), tokens);
        after
    }

    fn exchange(
        &self,
        session: &SessionId,
        presented: &SecretHash,
        (fresh, until): (&SecretHash, DateTime<Utc>),
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, &'static str> {
        let Some(Some((tokens, expires_at))) = self.sessions.get(session) else {
            return Err("SessionNotOpen");
        };
        let (last, replaced) = tokens.split_last().expect("a session begins with a token");
        if last == fresh && replaced.last() == Some(presented) {
            return Ok(None);
        }
        if replaced.contains(presented) {
            return Ok(Some(self.with(session, None)));
        }
        if *expires_at <= now {
            return Err("SessionNotOpen");
        }
        if last != presented {
            return Err("WrongRefreshToken");
        }
        let tokens = [tokens.as_slice(), std::slice::from_ref(fresh)].concat();
        Ok(Some(self.with(session, Some((tokens, until)))))
    }
}

impl Model for Tokens {
    type Aggregate = Account;

    fn commands() -> BoxedStrategy<AccountCommand> {
        command().boxed()
    }

    fn after(&self, command: &AccountCommand) -> Result<Option<Self>, &'static str> {
        use AccountCommand as C;
        match (command, &self.owner) {
            (
                C::CreateGuest {
                    owner,
                    session,
                    refresh,
                    expires_at,
                    ..
                },
                None,
            ) if !self.erased => {
                let mut after = self.with(session, Some((vec![refresh.clone()], *expires_at)));
                after.owner = Some(owner.clone());
                Ok(Some(after))
            }
            (C::CreateGuest { owner, session, .. }, Some(known)) => {
                let again = owner == known && self.sessions.contains_key(session);
                if again {
                    Ok(None)
                } else {
                    Err("AlreadyExists")
                }
            }
            (C::Erase { .. }, _) if self.erased => Ok(None),
            (_, _) if self.erased => Err("NotFound"),
            (_, None) => Err("NotFound"),
            (C::Erase { .. }, Some(_)) => Ok(Some(Self {
                erased: true,
                ..Self::default()
            })),
            (
                C::RefreshSession {
                    session,
                    presented,
                    refresh,
                    expires_at,
                    at,
                },
                Some(_),
            ) => self.exchange(session, presented, (refresh, *expires_at), *at),
            (C::CloseSession { session, .. }, Some(_)) => match self.sessions.get(session) {
                None => Err("SessionNotOpen"),
                Some(None) => Ok(None),
                Some(Some(_)) => Ok(Some(self.with(session, None))),
            },
        }
    }

    fn of(state: &Account) -> Self {
        let Account::Live(live) = state else {
            return Self {
                erased: *state == Account::Erased,
                ..Self::default()
            };
        };
        let sessions = live.sessions.iter().map(|(id, session)| {
            let tokens = match session {
                Session::Closed => None,
                Session::Open {
                    refresh,
                    replaced,
                    expires_at,
                    ..
                } => {
                    let tokens = replaced.iter().chain([refresh]).cloned().collect();
                    Some((tokens, *expires_at))
                }
            };
            (id.clone(), tokens)
        });
        Self {
            owner: Some(live.owner.clone()),
            erased: false,
            sessions: sessions.collect(),
        }
    }
}

#[test]
fn accounts_live_as_their_model_says() {
    compare::<InMemory<Account>, Tokens>(256, SEEDS);
}

#[test]
fn accounts_in_postgres_live_as_their_model_says() {
    compare::<InPostgres<Account>, Tokens>(24, SEEDS);
}

#[test]
fn lives_of_accounts_come_to_every_outcome() {
    let every = names(&[
        "AlreadyExists",
        "Conflict",
        "Done",
        "NoNews",
        "NotFound",
        "Seen",
        "SessionNotOpen",
        "WrongRefreshToken",
    ]);
    assert_eq!(reached::<Tokens>(), every);
}
