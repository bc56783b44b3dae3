use std::collections::BTreeSet;

use chrono::TimeDelta;
use jan_domain::account::{
    Account, AccountCommand, AccountEvent, ClosedBecause, SecretHash, Session,
};
use jan_domain::history::Event;
use jan_domain::id::SessionId;
use proptest::collection::vec;
use proptest::prelude::*;

use super::laws::{self, Subject};
use super::values::{moment, owner, text};

impl Subject for Account {
    fn recorded(event: AccountEvent) -> Event {
        Event::Account(event)
    }
}

fn session() -> impl Strategy<Value = SessionId> {
    (0..3).prop_map(|n| SessionId::parse(&format!("sess_{n}")).unwrap())
}

fn secret() -> impl Strategy<Value = SecretHash> {
    (0..5).prop_map(|n| SecretHash(format!("{n}")))
}

fn create_guest() -> impl Strategy<Value = AccountCommand> {
    (owner(), text(), session(), secret(), moment(), 60..240i64).prop_map(
        |(owner, username, session, refresh, at, minutes)| AccountCommand::CreateGuest {
            owner,
            username,
            session,
            refresh,
            expires_at: at + TimeDelta::minutes(minutes),
            at,
        },
    )
}

fn refresh_session() -> impl Strategy<Value = AccountCommand> {
    (session(), secret(), secret(), moment(), 60..240i64).prop_map(
        |(session, presented, refresh, at, minutes)| AccountCommand::RefreshSession {
            session,
            presented,
            refresh,
            expires_at: at + TimeDelta::minutes(minutes),
            at,
        },
    )
}

fn close_session() -> impl Strategy<Value = AccountCommand> {
    (session(), moment()).prop_map(|(session, at)| AccountCommand::CloseSession { session, at })
}

/// Any command.
pub(super) fn command() -> impl Strategy<Value = AccountCommand> {
    prop_oneof![
        6 => create_guest(),
        36 => refresh_session(),
        3 => close_session(),
        1 => moment().prop_map(|at| AccountCommand::Erase { at }),
    ]
}

fn commands() -> impl Strategy<Value = Vec<AccountCommand>> {
    vec(command(), 0..40)
}

fn betrays_a_thief(event: &AccountEvent) -> bool {
    matches!(
        event,
        AccountEvent::SessionClosed {
            because: ClosedBecause::RefreshTokenReused,
            ..
        }
    )
}

proptest! {
    #[test]
    fn what_is_recorded_is_what_was_decided(commands in commands()) {
        laws::records_what_was_decided::<Account>(commands)?;
    }

    #[test]
    fn events_add_up_to_the_state_from_any_point(commands in commands()) {
        laws::adds_up_from_any_point::<Account>(commands)?;
    }

    #[test]
    fn every_event_reads_back_as_itself(commands in commands()) {
        laws::reads_back_as_itself::<Account>(commands)?;
    }

    #[test]
    fn a_command_repeated_at_once_adds_nothing(commands in commands()) {
        laws::repeats_harmlessly::<Account>(commands, betrays_a_thief)?;
    }

    #[test]
    fn a_closed_session_stays_closed(commands in commands()) {
        let mut closed: BTreeSet<SessionId> = BTreeSet::new();
        for step in laws::live::<Account>(commands) {
            for event in step.outcome.unwrap_or_default() {
                if let AccountEvent::SessionClosed { session, .. } = event {
                    prop_assert!(closed.insert(session), "closed twice");
                }
            }
            let Account::Live(live) = step.after else { continue };
            for session in &closed {
                prop_assert_eq!(live.sessions.get(session), Some(&Session::Closed));
            }
        }
    }

    #[test]
    fn a_session_never_forgets_the_token_it_replaced_last(commands in commands()) {
        for step in laws::live::<Account>(commands) {
            let AccountCommand::RefreshSession { session, presented, .. } = step.command else {
                continue;
            };
            let granted = step.outcome.unwrap_or_default().iter().any(|event| {
                matches!(event, AccountEvent::SessionRefreshed { .. })
            });
            if let (true, Account::Live(live)) = (granted, step.after) {
                let Some(Session::Open { replaced, .. }) = live.sessions.get(&session) else {
                    return Err(TestCaseError::fail("refreshed but not open"));
                };
                prop_assert_eq!(replaced.last(), Some(&presented));
            }
        }
    }
}

#[test]
fn the_commands_reach_every_event_and_every_refusal() {
    let (events, refusals) = laws::reached::<Account>(&commands());
    assert_eq!(
        events,
        laws::names(&[
            "AccountGuestCreated",
            "AccountSessionOpened",
            "AccountSessionRefreshed",
            "AccountSessionClosed",
            "AccountErased",
        ])
    );
    assert_eq!(
        refusals,
        laws::names(&[
            "NotFound",
            "AlreadyExists",
            "SessionNotOpen",
            "WrongRefreshToken",
        ])
    );
}
