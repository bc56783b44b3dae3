use chrono::TimeDelta;
use jan_domain::account::{AccountEvent, ClosedBecause, SecretHash};
use jan_domain::id::SessionId;

use super::samples::{at, owner};

pub(super) fn after_account(last: Option<&AccountEvent>) -> Option<AccountEvent> {
    use AccountEvent as E;
    let at = at();
    let session = SessionId::parse("sess_0a").unwrap();
    Some(match last {
        None => E::GuestCreated {
            owner: owner(),
            username: "guest-0a".to_owned(),
            at,
        },
        Some(E::GuestCreated { .. }) => E::SessionOpened {
            session,
            refresh: SecretHash("9f86d081884c7d65".to_owned()),
            expires_at: at + TimeDelta::days(30),
            at,
        },
        Some(E::SessionOpened { .. }) => E::SessionRefreshed {
            session,
            refresh: SecretHash("60303ae22b998861".to_owned()),
            expires_at: at + TimeDelta::days(31),
            at,
        },
        Some(E::SessionRefreshed { .. }) => E::SessionClosed {
            session,
            because: ClosedBecause::RefreshTokenReused,
            at,
        },
        Some(E::SessionClosed { .. }) => E::Erased { owner: owner(), at },
        Some(E::Erased { .. }) => return None,
    })
}
