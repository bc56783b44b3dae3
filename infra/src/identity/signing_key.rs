use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

use super::secret_file::{self, SecretFileError};
use crate::config::Config;

/// The Ed25519 key pair behind our tokens. Its id is the thumbprint of its public half (RFC 7638),
/// so the same key has the same id on every node.
#[derive(Debug, Clone)]
pub struct SigningKey {
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    pub(super) public: Jwk,
    pub(super) id: String,
}

/// Why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The file cannot be read or made, or others could sign tokens.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The file holds something else.
    #[error(
        "{} is not an Ed25519 private key in PKCS#8 PEM; `openssl genpkey -algorithm ed25519` makes one",
        path.display()
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
}

const WHAT: &str = "signing key";

/// Everything of an Ed25519 key in PKCS#8 (RFC 8410) that comes before its 32 bytes.
const PKCS8_ED25519: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

impl SigningKey {
    /// The configured key, or the one of the data directory, made on the first start.
    pub fn of(config: &Config) -> Result<Self, SigningKeyError> {
        let path = config.signing_key_file();
        match config.auth.signing_key_file {
            Some(_) => Self::load(&path),
            None => Self::load_or_make(&path),
        }
    }

    /// Reads a key that somebody else made.
    pub fn load(path: &Path) -> Result<Self, SigningKeyError> {
        let pem = secret_file::read(WHAT, path)?;
        Self::from_pem(&pem).ok_or_else(|| SigningKeyError::NotAKey {
            path: path.to_owned(),
        })
    }

    /// Reads the key, or makes one that only we can read. Of several processes that start at once,
    /// one makes the key and all take it.
    pub fn load_or_make(path: &Path) -> Result<Self, SigningKeyError> {
        secret_file::make_if_missing(WHAT, path, fresh_pem)?;
        Self::load(path)
    }

    /// A key that is kept nowhere, for tests.
    pub fn ephemeral() -> Self {
        Self::from_pem(fresh_pem().as_bytes()).expect("a fresh key is a key")
    }

    pub(super) fn from_pem(pem: &[u8]) -> Option<Self> {
        let encoding = EncodingKey::from_ed_pem(pem).ok()?;
        let mut public = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA).ok()?;
        let id = public.thumbprint(ThumbprintHash::SHA256).ok()?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let decoding = DecodingKey::from_jwk(&public).ok()?;
        Some(Self {
            encoding,
            decoding,
            public,
            id,
        })
    }

    /// The `kid` of tokens signed with it.
    pub fn id(&self) -> &str {
        &self.id
    }
}

fn fresh_pem() -> String {
    let mut key = [0; 48];
    key[..16].copy_from_slice(&PKCS8_ED25519);
    rand::fill(&mut key[16..]);
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(key)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    /// The key of RFC 8037, appendix A, whose thumbprint the RFC gives.
    const RFC_8037: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";

    fn home(name: &str) -> PathBuf {
        let unique = format!("jan-signing-key-{name}-{}", std::process::id());
        let home = std::env::temp_dir().join(unique);
        drop(fs::remove_dir_all(&home));
        home
    }

    #[test]
    fn the_id_is_the_thumbprint_of_the_rfc() {
        let key = SigningKey::from_pem(RFC_8037.as_bytes()).unwrap();
        assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        let debug = format!("{key:?}");
        assert!(
            !debug.contains("157, 97") && !debug.contains("nWGxne"),
            "{debug}"
        );
    }

    #[test]
    fn the_first_start_makes_a_key_that_stays_and_that_nobody_else_reads() {
        let home = home("made");
        let path = home.join("data/secrets/signing-key.pem");
        let makers: Vec<_> = (0..4)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || SigningKey::load_or_make(&path).unwrap().id)
            })
            .collect();
        let ids: Vec<_> = makers
            .into_iter()
            .map(|maker| maker.join().unwrap())
            .collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
        assert_eq!(SigningKey::load(&path).unwrap().id, ids[0]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::remove_dir_all(home).unwrap();
    }

    #[test]
    fn a_key_that_others_can_read_and_a_file_that_is_no_key_are_refused() {
        let home = home("refused");
        let path = home.join("key.pem");
        fs::create_dir_all(&home).unwrap();
        let refusal = |text: &str, mode: u32| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            SigningKey::load(&path).map(drop).unwrap_err().to_string()
        };
        assert!(refusal(RFC_8037, 0o644).contains("is open to others (mode 644): run `chmod 600`"));
        assert!(refusal(RFC_8037, 0o620).contains("is open to others"));
        for text in [
            "",
            "secret",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ] {
            let refusal = refusal(text, 0o600);
            assert!(
                refusal.contains("is not an Ed25519 private key"),
                "{refusal}"
            );
        }
        fs::write(&path, RFC_8037).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        assert!(SigningKey::load(&path).is_ok());
        let missing = SigningKey::load(&home.join("none.pem")).unwrap_err();
        assert!(
            missing
                .to_string()
                .starts_with("cannot read the signing key")
        );
        fs::remove_dir_all(home).unwrap();
    }
}
