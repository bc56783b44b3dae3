use chrono::{DateTime, TimeDelta, Utc};
use std::time::Duration;

use jan_domain::ports::{
    AccessClaims, MadeRefreshToken, ReadRefreshToken, TokenIssuer, TokenRefused,
};
use jan_domain::{
    CallerKind, Owner,
    id::{AccountId, SessionId, TenantId},
};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::refresh_token::RefreshToken;
use super::signing_key::SigningKey;
use crate::config::AuthSettings;

/// Signs and checks our access tokens: JWTs of the profile of RFC 9068, signed with Ed25519.
pub struct OwnIssuer {
    key: SigningKey,
    header: Header,
    issuer: String,
    audience: String,
    validation: Validation,
    access_lifetime: Duration,
    refresh_lifetime: Duration,
}

/// Says that a JWT is an access token, so that no ID token is ever taken for one.
const TYPE: &str = "at+jwt";

/// Ours are below 600 bytes. Longer ones are refused before anything is decoded.
const TOKEN_BYTES_MAX: usize = 8192;

/// How far the clocks of two nodes may be apart.
const CLOCK_SKEW: TimeDelta = TimeDelta::seconds(30);

/// The payload. Reading is strict: numbers are whole, texts are texts, nothing stands twice.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: AccountId,
    sid: SessionId,
    tenant: TenantId,
    kind: CallerKind,
    iat: i64,
    exp: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
}

impl OwnIssuer {
    /// An issuer with its one key.
    pub fn new(settings: &AuthSettings, key: SigningKey) -> Self {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.id.clone());
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&settings.issuer]);
        validation.set_audience(&[&settings.audience]);
        // The library reads the system's clock; `verify` is told the time and checks it itself.
        validation.validate_exp = false;
        Self {
            key,
            header,
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            validation,
            access_lifetime: settings.access_token_ttl,
            refresh_lifetime: settings.refresh_token_ttl,
        }
    }

    /// Only what we write ourselves: no other algorithm, key or type, and no extension that a
    /// reader must understand. `jku`, `jwk` and `x5u` are never followed, and never accepted.
    fn header_is_ours(&self, header: &Header) -> bool {
        header == &self.header
    }
}

impl TokenIssuer for OwnIssuer {
    fn sign(&self, claims: &AccessClaims) -> String {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: self.audience.clone(),
            sub: claims.owner.account.clone(),
            sid: claims.session.clone(),
            tenant: claims.owner.tenant.clone(),
            kind: claims.kind,
            iat: claims.issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
            nbf: None,
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key.encoding)
            .expect("claims are texts and numbers, and the key was checked when it was loaded")
    }

    fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenRefused> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenRefused);
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenRefused)?;
        if !self.header_is_ours(&header) {
            return Err(TokenRefused);
        }
        let claims = jsonwebtoken::decode(token, &self.key.decoding, &self.validation);
        let claims: Claims = claims.map_err(|_| TokenRefused)?.claims;
        claims.accepted(now).ok_or(TokenRefused)
    }

    fn access_lifetime(&self) -> Duration {
        self.access_lifetime
    }

    fn make_refresh_token(&self, account: &AccountId, session: &SessionId) -> MadeRefreshToken {
        let token = RefreshToken::generate(account.clone(), session.clone());
        MadeRefreshToken {
            text: token.expose().to_owned(),
            hash: token.hash(),
            lifetime: self.refresh_lifetime,
        }
    }

    fn read_refresh_token(&self, text: &str) -> Result<ReadRefreshToken, TokenRefused> {
        let token = RefreshToken::parse(text).map_err(|_| TokenRefused)?;
        Ok(ReadRefreshToken {
            account: token.account().clone(),
            session: token.session().clone(),
            hash: token.hash(),
        })
    }

    fn jwks(&self) -> Value {
        json!({ "keys": [self.key.public] })
    }
}

impl Claims {
    fn accepted(self, now: DateTime<Utc>) -> Option<AccessClaims> {
        let time = |seconds| DateTime::from_timestamp(seconds, 0);
        let (issued_at, expires_at) = (time(self.iat)?, time(self.exp)?);
        let not_before = self.nbf.map_or(Some(issued_at), time)?;
        let in_force = issued_at.max(not_before) <= now + CLOCK_SKEW && now < expires_at;
        in_force.then_some(AccessClaims {
            owner: Owner {
                tenant: self.tenant,
                account: self.sub,
            },
            session: self.sid,
            kind: self.kind,
            issued_at,
            expires_at,
        })
    }
}
