use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ContentHash;
use crate::caller::Owner;
use crate::ports::IdGenerator;

/// Where the bytes of one life of media lie in an object store: `<owner, hashed>/<fresh>`, hex digits
/// only, so that no name of anybody's making is ever a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectPlace(String);

/// Why a text is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a place of objects is two groups of hex digits around a slash")]
pub struct InvalidObjectPlace;

/// Where single bytes lie: their place and their hash, so that other bytes never lie where these did.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectKey(String);

/// How the keys of some objects begin; it ends with a slash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectPrefix(String);

impl ObjectPlace {
    /// A place for something of this owner's at which nothing has lain before.
    pub fn fresh(owner: &Owner, ids: &dyn IdGenerator) -> Self {
        Self(format!(
            "{}{}",
            ObjectPrefix::of_owner(owner).0,
            ids.fresh()
        ))
    }

    /// Where these bytes lie in it.
    pub fn key_of(&self, content: &ContentHash) -> ObjectKey {
        ObjectKey(format!("{}/{content}", self.0))
    }

    /// What everything in it begins with.
    pub fn prefix(&self) -> ObjectPrefix {
        ObjectPrefix(format!("{}/", self.0))
    }

    /// The place as it stands on record.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ObjectPlace {
    type Error = InvalidObjectPlace;

    fn try_from(text: String) -> Result<Self, InvalidObjectPlace> {
        let hex = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit());
        match text.split_once('/') {
            Some((owner, fresh)) if hex(owner) && hex(fresh) => Ok(Self(text)),
            _ => Err(InvalidObjectPlace),
        }
    }
}

impl From<ObjectPlace> for String {
    fn from(place: ObjectPlace) -> Self {
        place.0
    }
}

impl ObjectKey {
    /// The key as an object store takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ObjectPrefix {
    /// What everything of an owner's begins with, and nothing of anybody else's.
    pub fn of_owner(owner: &Owner) -> Self {
        let mut hash = Sha256::new();
        for part in [owner.tenant.as_str(), owner.account.as_str()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let hash = u128::from_be_bytes(super::content::first_half(&hash.finalize()));
        Self(format!("{hash:032x}/"))
    }

    /// The prefix as an object store takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
