use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jan_domain::account::SecretHash;
use jan_domain::id::{AccountId, SessionId};
use sha2::{Digest as _, Sha256};

use crate::secret::Secret;

/// A session's key to its next access token. It names its account and session, so that finding
/// them needs no index of secrets; what it proves is the 256 random bits at its end.
///
/// Its text is `jrt_<account>.<session>.<secret>`, ids without their prefixes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    account: AccountId,
    session: SessionId,
    text: Secret,
}

/// Not the text of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the refresh token is not valid")]
pub struct RefreshTokenRefused;

const PREFIX: &str = "jrt_";
const SECRET_BYTES: usize = 32;

/// Two ids of the longest kind and the secret fit; anything longer is not looked at.
const TEXT_BYTES_MAX: usize = 320;

impl RefreshToken {
    /// A new token of a session.
    pub fn generate(account: AccountId, session: SessionId) -> Self {
        let mut secret = [0; SECRET_BYTES];
        rand::fill(&mut secret);
        let text = format!(
            "{PREFIX}{}.{}.{}",
            body(account.as_str(), AccountId::PREFIXES),
            body(session.as_str(), SessionId::PREFIXES),
            URL_SAFE_NO_PAD.encode(secret)
        );
        let text = Secret::new(text);
        Self {
            account,
            session,
            text,
        }
    }

    /// Reads what a client presents. That it has the right form proves nothing yet.
    pub fn parse(text: &str) -> Result<Self, RefreshTokenRefused> {
        let parts = text
            .strip_prefix(PREFIX)
            .filter(|_| text.len() <= TEXT_BYTES_MAX);
        let parts: Vec<&str> = parts.unwrap_or_default().split('.').collect();
        let [account, session, secret] = parts[..] else {
            return Err(RefreshTokenRefused);
        };
        let secret = URL_SAFE_NO_PAD.decode(secret);
        if !secret.is_ok_and(|bytes| bytes.len() == SECRET_BYTES) {
            return Err(RefreshTokenRefused);
        }
        let account = format!("{}{account}", AccountId::PREFIXES[0]);
        let session = format!("{}{session}", SessionId::PREFIXES[0]);
        Ok(Self {
            account: AccountId::parse(&account).map_err(|_| RefreshTokenRefused)?,
            session: SessionId::parse(&session).map_err(|_| RefreshTokenRefused)?,
            text: Secret::new(text.to_owned()),
        })
    }

    /// Whose token it claims to be.
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// Which session's.
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// The token itself, for the client only.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// What is recorded instead of the token.
    pub fn hash(&self) -> SecretHash {
        SecretHash(format!("{:x}", Sha256::digest(self.expose())))
    }
}

fn body<'a>(id: &'a str, prefixes: &[&str]) -> &'a str {
    id.strip_prefix(prefixes[0])
        .expect("an id begins with its prefix")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> RefreshToken {
        let account = AccountId::parse("user_0a").unwrap();
        RefreshToken::generate(account, SessionId::parse("sess_0b").unwrap())
    }

    #[test]
    fn a_token_reads_back_as_itself() {
        let token = token();
        assert!(token.expose().starts_with("jrt_0a.0b."));
        assert_eq!(token.expose().len(), "jrt_0a.0b.".len() + 43);
        let again = RefreshToken::parse(token.expose()).unwrap();
        assert_eq!(again, token);
        assert_eq!(again.account().as_str(), "user_0a");
        assert_eq!(again.session().as_str(), "sess_0b");
        assert_eq!(again.hash(), token.hash());
        assert_eq!(token.hash().0.len(), 64);
    }

    #[test]
    fn tokens_differ_and_do_not_print() {
        let (one, other) = (token(), token());
        assert_ne!(one.hash(), other.hash());
        assert!(!format!("{one:?}").contains(one.expose()));
    }

    #[test]
    fn the_longest_ids_fit() {
        let body = "a".repeat(123);
        let account = AccountId::parse(&format!("user_{body}")).unwrap();
        let session = SessionId::parse(&format!("sess_{body}")).unwrap();
        let token = RefreshToken::generate(account, session);
        assert_eq!(RefreshToken::parse(token.expose()), Ok(token));
    }

    #[test]
    fn other_texts_are_refused() {
        let secret = "A".repeat(43);
        for text in [
            String::new(),
            "jrt_".to_owned(),
            format!("jrt_a.b.{}", "A".repeat(42)),
            format!("jrt_a.b.{}=", "A".repeat(43)),
            format!("jrt_a.b.{}/", "A".repeat(42)),
            format!("jrt_a.b.{}B", "A".repeat(42)),
            format!("jrt_a.b.c.{secret}"),
            format!("jrt_a.{secret}"),
            format!("jrt_.b.{secret}"),
            format!("jrt_a b.b.{secret}"),
            format!("JRT_a.b.{secret}"),
            format!("jrt_{}.b.{secret}", "a".repeat(1 << 20)),
            "eyJhbGciOiJFZERTQSJ9.e30.AA".to_owned(),
        ] {
            assert_eq!(
                RefreshToken::parse(&text),
                Err(RefreshTokenRefused),
                "{text:.60}"
            );
        }
    }
}
