use std::time::Duration;

use jan_domain::CallerKind;
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, TenantId};
use jan_domain::ports::{AccessClaims, Clock as _, IdGenerator as _, TokenIssuer};
use jan_infra::clock::SystemClock;
use jan_infra::config::Config;
use jan_infra::id_generator::UuidV7Ids;
use jan_infra::identity::{OwnIssuer, SigningKey, SigningKeyError};

/// A token of an administrator, good from now on for so long. It needs the server's signing key and
/// nothing else: no account, no database.
pub fn admin_token(config: &Config, lifetime: Duration) -> Result<String, SigningKeyError> {
    let issuer = OwnIssuer::new(&config.auth, SigningKey::of(config)?);
    Ok(sign_admin_token(&issuer, lifetime))
}

/// The same, signed by an issuer that is there already.
pub fn sign_admin_token(issuer: &dyn TokenIssuer, lifetime: Duration) -> String {
    let account = AccountId::parse("user_administrator").expect("a prefix and letters make an id");
    let issued_at = SystemClock.now();
    issuer.sign(&AccessClaims {
        owner: Owner {
            tenant: TenantId::default(),
            account,
        },
        session: UuidV7Ids.session(),
        kind: CallerKind::Admin,
        issued_at,
        expires_at: issued_at + lifetime,
    })
}
