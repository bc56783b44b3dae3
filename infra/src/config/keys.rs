use std::path::PathBuf;

use super::setting::Setting;
use crate::secret::Secret;

/// The keys under which what people say lies in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySettings {
    /// Whether what is personal in new events is sealed under its owner's key. What was sealed
    /// before is opened in either case.
    pub seal_events: bool,
    /// The master keys themselves, newest first; they overrule the file.
    pub master_keys: Option<Secret>,
    /// A file with the master keys, newest first. Without one, a key is made in the data directory.
    pub master_key_file: Option<PathBuf>,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self {
            seal_events: true,
            master_keys: None,
            master_key_file: None,
        }
    }
}

pub(super) const SETTINGS: &[Setting<KeySettings>] = &[
    Setting {
        name: "keys.seal_events",
        env: &["JAN_SEAL_EVENTS"],
        doc: "Seal what is personal in new events under its owner's key, so that it can be erased",
        slot: |keys| &mut keys.seal_events,
    },
    Setting {
        name: "keys.master_keys",
        env: &["JAN_MASTER_KEY", "JAN_MASTER_KEYS"],
        doc: "The keys that wrap the keys of owners: 32 bytes in Base64 each, the newest first; every node of a deployment needs the same, and a backup beside the database's",
        slot: |keys| &mut keys.master_keys,
    },
    Setting {
        name: "keys.master_key_file",
        env: &["JAN_MASTER_KEY_FILE"],
        doc: "A file with them, one a line; made in the data directory when there is none",
        slot: |keys| &mut keys.master_key_file,
    },
];
