//! Who is asking: one bearer token, checked once, remembered for seconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, header};
use jan_domain::Caller;
use jan_domain::id::{AccountId, SessionId};
use jan_domain::ports::{AccessClaims, Clock, TokenIssuer};
use jan_projections::ReadModels;
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use crate::error::ApiError;

/// How long a checked token is believed before its session is looked up again. A session closed on
/// another node is refused here after this long at the latest; on this node, at once.
const BELIEVED_FOR: Duration = Duration::from_secs(5);
/// Sessions closed here that are remembered until the read model surely knows them too.
const CLOSED_MAX: usize = 10_000;
/// Longest token looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Checks tokens and remembers what it found.
pub struct Authenticator {
    /// Signs and checks tokens.
    pub issuer: Arc<dyn TokenIssuer>,
    clock: Arc<dyn Clock>,
    reads: ReadModels,
    checked: Cache<[u8; 32], Checked>,
    closed: Cache<(AccountId, SessionId), ()>,
}

#[derive(Clone)]
struct Checked {
    caller: Arc<Caller>,
    claims: Arc<AccessClaims>,
    at: Instant,
}

impl Authenticator {
    /// Believes tokens of this issuer whose sessions are open, and remembers `tokens_max` of them;
    /// the least used are forgotten first.
    pub fn new(
        issuer: Arc<dyn TokenIssuer>,
        clock: Arc<dyn Clock>,
        reads: ReadModels,
        tokens_max: usize,
    ) -> Self {
        Self {
            issuer,
            clock,
            reads,
            checked: Cache::new(tokens_max),
            closed: Cache::new(CLOSED_MAX),
        }
    }

    /// The caller behind a request's credentials.
    pub async fn caller(&self, headers: &HeaderMap) -> Result<Arc<Caller>, ApiError> {
        let token = bearer(headers)?;
        let key: [u8; 32] = Sha256::digest(token).into();
        if let Some(checked) = self.checked.get(&key)
            && checked.at.elapsed() < BELIEVED_FOR
            && checked.claims.expires_at > self.clock.now()
        {
            return Ok(checked.caller);
        }
        let checked = self.check(token).await?;
        let caller = Arc::clone(&checked.caller);
        let session = (caller.owner.account.clone(), checked.claims.session.clone());
        self.checked.insert(key, checked);
        // Looked at after remembering, as `forget` forgets after marking: neither misses the other.
        if self.closed.contains_key(&session) {
            self.checked.remove(&key);
            return Err(ApiError::unauthorized());
        }
        Ok(caller)
    }

    async fn check(&self, token: &str) -> Result<Checked, ApiError> {
        let verified = self.issuer.verify(token, self.clock.now());
        let claims = verified.map_err(|_| ApiError::unauthorized())?;
        if self
            .reads
            .accounts
            .session_is_closed(&claims.owner, &claims.session)
            .await?
        {
            return Err(ApiError::unauthorized());
        }
        let caller = Caller {
            owner: claims.owner.clone(),
            kind: claims.kind,
            session: Some(claims.session.clone()),
            key: None,
        };
        Ok(Checked {
            caller: Arc::new(caller),
            claims: Arc::new(claims),
            at: Instant::now(),
        })
    }

    /// Forgets the tokens of an account that is being erased: the next look finds that they are
    /// refused. Other nodes believe them for as long as they believe any token.
    pub fn forget_all(&self, account: &AccountId) {
        self.checked
            .retain(|_, checked| checked.caller.owner.account != *account);
    }

    /// Refuses the tokens of a session that is closed from now on, before the read model knows.
    pub fn forget(&self, account: &AccountId, session: &SessionId) {
        self.closed.insert((account.clone(), session.clone()), ());
        self.checked
            .retain(|_, checked| checked.claims.session != *session);
    }
}

/// The one bearer token of a request.
fn bearer(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(credentials), None) = (given.next(), given.next()) else {
        return Err(ApiError::unauthorized());
    };
    let credentials = credentials.to_str().map_err(|_| ApiError::unauthorized())?;
    let (scheme, token) = credentials
        .split_once(' ')
        .ok_or_else(ApiError::unauthorized)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.len() > TOKEN_BYTES_MAX {
        return Err(ApiError::unauthorized());
    }
    Ok(token.trim())
}
