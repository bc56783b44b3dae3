//! The rules of an account, one sentence each.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use cqrs_es::test::TestFramework;

use super::{
    Account, AccountCommand as C, AccountError, AccountEvent as E, ClosedBecause, SecretHash,
};
use crate::caller::Owner;
use crate::id::{AccountId, SessionId, TenantId};

const NOON: DateTime<Utc> = DateTime::UNIX_EPOCH;

fn after(minutes: i64) -> DateTime<Utc> {
    NOON + TimeDelta::minutes(minutes)
}

fn decided(given: Vec<E>, command: C) -> Result<Vec<E>, AccountError> {
    TestFramework::<Account>::with(())
        .given(given)
        .when(command)
        .inspect_result()
}

fn owner(account: &str) -> Owner {
    Owner {
        tenant: TenantId::default(),
        account: AccountId::parse(account).unwrap(),
    }
}

fn session(id: &str) -> SessionId {
    SessionId::parse(id).unwrap()
}

fn token(name: &str) -> SecretHash {
    SecretHash(name.to_owned())
}

fn create_guest(account: &str, id: &str) -> C {
    C::CreateGuest {
        owner: owner(account),
        username: "guest-1".to_owned(),
        session: session(id),
        refresh: token("first"),
        expires_at: after(60),
        at: NOON,
    }
}

/// A guest whose only session dies an hour after noon.
fn guest() -> Vec<E> {
    vec![
        E::GuestCreated {
            owner: owner("user_ann"),
            username: "guest-1".to_owned(),
            at: NOON,
        },
        E::SessionOpened {
            session: session("sess_1"),
            refresh: token("first"),
            expires_at: after(60),
            at: NOON,
        },
    ]
}

fn exchange(presented: &str, fresh: &str, at: DateTime<Utc>) -> C {
    C::RefreshSession {
        session: session("sess_1"),
        presented: token(presented),
        refresh: token(fresh),
        expires_at: at + TimeDelta::minutes(60),
        at,
    }
}

fn exchanged(fresh: &str, at: DateTime<Utc>) -> E {
    E::SessionRefreshed {
        session: session("sess_1"),
        refresh: token(fresh),
        expires_at: at + TimeDelta::minutes(60),
        at,
    }
}

fn close() -> C {
    C::CloseSession {
        session: session("sess_1"),
        at: NOON,
    }
}

fn closed(because: ClosedBecause, at: DateTime<Utc>) -> E {
    E::SessionClosed {
        session: session("sess_1"),
        because,
        at,
    }
}

fn past(events: impl IntoIterator<Item = E>) -> Vec<E> {
    guest().into_iter().chain(events).collect()
}

#[test]
fn a_guest_comes_with_a_first_session() {
    assert_eq!(
        decided(vec![], create_guest("user_ann", "sess_1")),
        Ok(guest())
    );
}

#[test]
fn creating_the_same_guest_again_is_no_news() {
    assert_eq!(
        decided(guest(), create_guest("user_ann", "sess_1")),
        Ok(vec![])
    );
}

#[test]
fn an_account_id_is_never_given_twice() {
    for command in [
        create_guest("user_bob", "sess_1"),
        create_guest("user_ann", "sess_2"),
    ] {
        assert_eq!(decided(guest(), command), Err(AccountError::AlreadyExists));
    }
}

#[test]
fn an_account_that_was_never_created_has_no_sessions() {
    for command in [exchange("first", "second", NOON), close()] {
        assert_eq!(decided(vec![], command), Err(AccountError::NotFound));
    }
}

#[test]
fn the_living_token_is_exchanged_for_a_new_one() {
    assert_eq!(
        decided(guest(), exchange("first", "second", NOON)),
        Ok(vec![exchanged("second", NOON)])
    );
}

#[test]
fn the_same_exchange_again_is_no_news() {
    let past = past([exchanged("second", NOON)]);
    assert_eq!(
        decided(past, exchange("first", "second", after(1))),
        Ok(vec![])
    );
}

#[test]
fn a_token_that_was_replaced_and_comes_back_closes_the_session() {
    let stolen = Ok(vec![closed(ClosedBecause::RefreshTokenReused, after(2))]);
    let once = past([exchanged("second", NOON)]);
    assert_eq!(decided(once, exchange("first", "third", after(2))), stolen);
    for fresh in ["second", "third", "fourth"] {
        let twice = past([exchanged("second", NOON), exchanged("third", after(1))]);
        assert_eq!(decided(twice, exchange("first", fresh, after(2))), stolen);
    }
}

#[test]
fn a_replaced_token_betrays_a_thief_even_after_the_session_expired() {
    let past = past([exchanged("second", NOON)]);
    assert_eq!(
        decided(past, exchange("first", "third", after(90))),
        Ok(vec![closed(ClosedBecause::RefreshTokenReused, after(90))])
    );
}

#[test]
fn a_token_is_exchanged_until_it_expires_and_not_at_that_moment() {
    let moment_before = after(60) - TimeDelta::nanoseconds(1);
    assert!(decided(guest(), exchange("first", "second", moment_before)).is_ok());
    assert_eq!(
        decided(guest(), exchange("first", "second", after(60))),
        Err(AccountError::SessionNotOpen)
    );
}

#[test]
fn an_exchange_lets_the_session_live_on() {
    let past = past([exchanged("second", after(50))]);
    assert_eq!(
        decided(past, exchange("second", "third", after(70))),
        Ok(vec![exchanged("third", after(70))])
    );
}

#[test]
fn a_token_nobody_gave_out_is_refused_and_closes_nothing() {
    assert_eq!(
        decided(guest(), exchange("made up", "second", NOON)),
        Err(AccountError::WrongRefreshToken)
    );
}

#[test]
fn a_token_opens_no_other_session() {
    let command = C::RefreshSession {
        session: session("sess_2"),
        presented: token("first"),
        refresh: token("second"),
        expires_at: after(60),
        at: NOON,
    };
    assert_eq!(decided(guest(), command), Err(AccountError::SessionNotOpen));
}

#[test]
fn only_the_last_tokens_are_remembered_and_older_ones_are_merely_unknown() {
    let past = past((0..33).map(|n| exchanged(&format!("token {n}"), NOON)));
    assert_eq!(
        decided(past.clone(), exchange("first", "new", NOON)),
        Err(AccountError::WrongRefreshToken)
    );
    assert_eq!(
        decided(past, exchange("token 0", "new", NOON)),
        Ok(vec![closed(ClosedBecause::RefreshTokenReused, NOON)])
    );
}

#[test]
fn a_session_is_closed_once() {
    let event = closed(ClosedBecause::LoggedOut, NOON);
    assert_eq!(decided(guest(), close()), Ok(vec![event.clone()]));
    assert_eq!(decided(past([event]), close()), Ok(vec![]));
}

#[test]
fn a_closed_session_exchanges_nothing() {
    for because in [ClosedBecause::LoggedOut, ClosedBecause::RefreshTokenReused] {
        assert_eq!(
            decided(
                past([closed(because, NOON)]),
                exchange("first", "second", NOON)
            ),
            Err(AccountError::SessionNotOpen)
        );
    }
}

#[test]
fn a_session_that_was_never_opened_cannot_be_closed() {
    let command = C::CloseSession {
        session: session("sess_2"),
        at: NOON,
    };
    assert_eq!(decided(guest(), command), Err(AccountError::SessionNotOpen));
}

#[test]
fn access_tokens_of_a_session_may_be_used_while_it_is_open() {
    let mut account = Account::default();
    let may_be_used = |account: &Account, id: &str| match account {
        Account::NotCreated | Account::Erased => false,
        Account::Live(live) => live.session_is_open(&session(id)),
    };
    assert!(!may_be_used(&account, "sess_1"));
    for event in past([exchanged("second", NOON)]) {
        account.apply(event);
    }
    assert!(may_be_used(&account, "sess_1"));
    assert!(!may_be_used(&account, "sess_2"));
    account.apply(closed(ClosedBecause::LoggedOut, NOON));
    assert!(!may_be_used(&account, "sess_1"));
}

#[test]
fn an_erased_account_is_there_no_more_and_stays_erased() {
    let erased = E::Erased {
        owner: owner("user_ann"),
        at: NOON,
    };
    assert_eq!(
        decided(guest(), C::Erase { at: NOON }),
        Ok(vec![erased.clone()])
    );
    let past = [guest(), vec![erased]].concat();
    assert_eq!(decided(past.clone(), C::Erase { at: after(1) }), Ok(vec![]));
    for command in [
        create_guest("user_ann", "sess_1"),
        C::CloseSession {
            session: session("sess_1"),
            at: NOON,
        },
    ] {
        assert_eq!(decided(past.clone(), command), Err(AccountError::NotFound));
    }
    assert_eq!(
        decided(vec![], C::Erase { at: NOON }),
        Err(AccountError::NotFound)
    );
}
