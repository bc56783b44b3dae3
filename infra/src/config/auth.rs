use std::path::PathBuf;
use std::time::Duration;

use super::setting::Setting;

/// Who is let in, and what our own tokens say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthSettings {
    /// The `iss` claim of our tokens, and the base of the metadata documents.
    pub issuer: String,
    /// The `aud` claim of our tokens.
    pub audience: String,
    /// Life of an access token.
    pub access_token_ttl: Duration,
    /// Life of a refresh token; each exchange starts it again.
    pub refresh_token_ttl: Duration,
    /// Whether anybody may get an account without a name.
    pub guests: bool,
    /// The private key that signs our tokens, as PKCS#8 PEM. Without one, a key is made in the
    /// data directory.
    pub signing_key_file: Option<PathBuf>,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            issuer: "http://127.0.0.1:8000".to_owned(),
            audience: "jan-server".to_owned(),
            access_token_ttl: Duration::from_hours(1),
            refresh_token_ttl: Duration::from_hours(30 * 24),
            guests: true,
            signing_key_file: None,
        }
    }
}

pub(super) const SETTINGS: &[Setting<AuthSettings>] = &[
    Setting {
        name: "auth.issuer",
        env: &["JAN_ISSUER", "ISSUER"],
        doc: "The issuer our tokens name; every node of a deployment needs the same",
        slot: |auth| &mut auth.issuer,
    },
    Setting {
        name: "auth.audience",
        env: &["JAN_AUDIENCE", "AUDIENCE"],
        doc: "The audience our tokens name",
        slot: |auth| &mut auth.audience,
    },
    Setting {
        name: "auth.access_token_ttl",
        env: &["JAN_ACCESS_TOKEN_TTL"],
        doc: "Life of an access token",
        slot: |auth| &mut auth.access_token_ttl,
    },
    Setting {
        name: "auth.refresh_token_ttl",
        env: &["JAN_REFRESH_TOKEN_TTL"],
        doc: "Life of a refresh token; each exchange starts it again",
        slot: |auth| &mut auth.refresh_token_ttl,
    },
    Setting {
        name: "auth.guests",
        env: &["JAN_GUESTS"],
        doc: "Let anybody have an account without a name",
        slot: |auth| &mut auth.guests,
    },
    Setting {
        name: "auth.signing_key_file",
        env: &["JAN_SIGNING_KEY_FILE"],
        doc: "Ed25519 private key (PKCS#8 PEM) that signs our tokens; made in the data directory when there is none; every node of a deployment needs the same",
        slot: |auth| &mut auth.signing_key_file,
    },
];
