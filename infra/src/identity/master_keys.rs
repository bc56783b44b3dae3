use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jan_domain::ports::{MasterKeys, Seal, WrappedKey};
use sha2::{Digest as _, Sha256};

use super::aes_seal::{AesSeal, KEY_BYTES};
use super::secret_file::{self, SecretFileError};
use crate::config::Config;

/// The master keys of this node: the first wraps what is new, the others only unwrap.
pub struct MasterKeyRing(Vec<MasterKey>);

struct MasterKey {
    name: String,
    seal: AesSeal,
}

/// Why there are no master keys.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    /// The file.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// They are something else.
    #[error(
        "{place} holds no master keys: 32 bytes in Base64, one key a line, the newest first; \
         `openssl rand -base64 32` makes one"
    )]
    NotAKey {
        /// The file or the variable.
        place: String,
    },
}

const WHAT: &str = "master key";

/// What names a key, so that the same key has the same name on every node.
const NAMING: &[u8] = b"jan-server: name of a master key\n";

impl MasterKeyRing {
    /// The configured keys, or those of the data directory, made on the first start.
    pub fn of(config: &Config) -> Result<Self, MasterKeyError> {
        let ours = config.keys.master_keys.is_none() && config.keys.master_key_file.is_none();
        if ours {
            secret_file::make_if_missing(WHAT, &config.master_key_file(), || Self::fresh() + "\n")?;
        }
        Self::given(config)
    }

    /// The same keys, for those who only read; `None` when none was ever made.
    pub fn find(config: &Config) -> Result<Option<Self>, MasterKeyError> {
        let ours = config.keys.master_keys.is_none() && config.keys.master_key_file.is_none();
        if ours && !config.master_key_file().exists() {
            return Ok(None);
        }
        Self::given(config).map(Some)
    }

    fn given(config: &Config) -> Result<Self, MasterKeyError> {
        let Some(keys) = &config.keys.master_keys else {
            return Self::load(&config.master_key_file());
        };
        Self::parse(keys.expose()).ok_or_else(|| MasterKeyError::NotAKey {
            place: "keys.master_keys (JAN_MASTER_KEY)".to_owned(),
        })
    }

    /// Reads keys from a file.
    pub fn load(path: &Path) -> Result<Self, MasterKeyError> {
        let text = secret_file::read(WHAT, path)?;
        let keys = std::str::from_utf8(&text).ok().and_then(Self::parse);
        keys.ok_or_else(|| MasterKeyError::NotAKey {
            place: PathBuf::from(path).display().to_string(),
        })
    }

    /// A new key, as it is written down.
    pub fn fresh() -> String {
        let mut key = [0; KEY_BYTES];
        rand::fill(&mut key);
        STANDARD.encode(key)
    }

    /// A key that is kept nowhere, for tests.
    pub fn ephemeral() -> Self {
        Self::parse(&Self::fresh()).expect("a fresh key is a key")
    }

    /// Reads keys in Base64 with space or commas between them.
    pub fn parse(text: &str) -> Option<Self> {
        let words = text.split(|c: char| c.is_whitespace() || c == ',');
        let words = words.filter(|word| !word.is_empty());
        let keys: Vec<MasterKey> = words.map(MasterKey::read).collect::<Option<_>>()?;
        (!keys.is_empty()).then_some(Self(keys))
    }

    fn named(&self, name: &str) -> Option<&MasterKey> {
        self.0.iter().find(|key| key.name == name)
    }

    fn open(&self, context: &str, key: &WrappedKey) -> Option<[u8; KEY_BYTES]> {
        let opened = self.named(&key.master)?.seal.open(context, &key.wrapped)?;
        opened.try_into().ok()
    }

    fn wrap(&self, context: &str, key: &[u8; KEY_BYTES]) -> WrappedKey {
        let first = &self.0[0];
        WrappedKey {
            master: first.name.clone(),
            wrapped: first.seal.seal(context, key),
        }
    }
}

impl MasterKey {
    fn read(text: &str) -> Option<Self> {
        let bytes: [u8; KEY_BYTES] = STANDARD.decode(text).ok()?.try_into().ok()?;
        let digest = Sha256::new().chain_update(NAMING).chain_update(bytes);
        let name = digest.finalize()[..8]
            .iter()
            .fold("mk_".to_owned(), |name, byte| format!("{name}{byte:02x}"));
        Some(Self {
            name,
            seal: AesSeal::new(&bytes),
        })
    }
}

impl MasterKeys for MasterKeyRing {
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|key| key.name.as_str()).collect()
    }

    fn make(&self, context: &str) -> (Arc<dyn Seal>, WrappedKey) {
        let mut key = [0; KEY_BYTES];
        rand::fill(&mut key);
        (Arc::new(AesSeal::new(&key)), self.wrap(context, &key))
    }

    fn unwrap(&self, context: &str, key: &WrappedKey) -> Option<Arc<dyn Seal>> {
        let key = self.open(context, key)?;
        Some(Arc::new(AesSeal::new(&key)))
    }

    fn rewrap(&self, context: &str, key: &WrappedKey) -> Option<WrappedKey> {
        let key = self.open(context, key)?;
        Some(self.wrap(context, &key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_unwrapped_by_its_master_key_for_its_owner_only() {
        let masters = MasterKeyRing::ephemeral();
        let (seal, wrapped) = masters.make("ada");
        let sealed = seal.seal("here", b"words");
        let again = masters.unwrap("ada", &wrapped).unwrap();
        assert_eq!(again.open("here", &sealed).as_deref(), Some(&b"words"[..]));
        assert!(masters.unwrap("bob", &wrapped).is_none());
        assert!(MasterKeyRing::ephemeral().unwrap("ada", &wrapped).is_none());
    }

    #[test]
    fn a_newer_master_key_takes_over_from_an_older_one() {
        let (old, new) = (MasterKeyRing::fresh(), MasterKeyRing::fresh());
        let before = MasterKeyRing::parse(&old).unwrap();
        let (seal, wrapped) = before.make("ada");
        let sealed = seal.seal("here", b"words");
        let both = MasterKeyRing::parse(&format!("{new}\n{old}\n")).unwrap();
        let moved = both.rewrap("ada", &wrapped).unwrap();
        let after = MasterKeyRing::parse(&new).unwrap();
        assert_eq!(
            (moved.master.as_str(), both.names().len()),
            (after.names()[0], 2)
        );
        let opened = after.unwrap("ada", &moved).unwrap().open("here", &sealed);
        assert_eq!(opened.as_deref(), Some(&b"words"[..]));
        assert!(after.unwrap("ada", &wrapped).is_none());
        assert!(before.unwrap("ada", &moved).is_none());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in [
            "",
            "c2hvcnQ=",
            "not base64",
            &format!("{} x", MasterKeyRing::fresh()),
        ] {
            assert!(MasterKeyRing::parse(text).is_none(), "{text}");
        }
    }
}
