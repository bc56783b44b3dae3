use std::path::PathBuf;

use super::setting::Setting;

/// How the event log is made provable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSettings {
    /// The private key that signs the seals of the log, as PKCS#8 PEM. Without one, a key is made in
    /// the data directory.
    pub signing_key_file: Option<PathBuf>,
}

pub(super) const SETTINGS: &[Setting<AuditSettings>] = &[Setting {
    name: "audit.signing_key_file",
    env: &["JAN_AUDIT_KEY_FILE"],
    doc: "Ed25519 private key (PKCS#8 PEM) that signs the seals of the event log; made in the data directory when there is none; every node of a deployment needs the same",
    slot: |audit| &mut audit.signing_key_file,
}];
