use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::caller::Owner;
use crate::id::MediaId;

/// What bytes are, as somebody who has read them knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaContent {
    /// How many.
    pub bytes: u64,
    /// Their SHA-256.
    pub sha256: ContentHash,
    /// Their media type. Of an image it follows from its bytes, of a file it is what its owner said.
    pub media_type: String,
    /// How large the image is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<Dimensions>,
}

/// How large an image is, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dimensions {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// A SHA-256 in hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(format!("{:x}", Sha256::digest(bytes)))
    }

    /// 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The media that this content of this owner's is: the same again has the same id, and nobody
    /// else's has it.
    pub fn media_of(&self, owner: &Owner) -> MediaId {
        let mut hash = Sha256::new();
        for part in [owner.tenant.as_str(), owner.account.as_str(), &self.0] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        MediaId::from_bits(u128::from_be_bytes(first_half(&hash.finalize())))
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) fn first_half(hash: &[u8]) -> [u8; 16] {
    hash[..16].try_into().expect("a SHA-256 has 32 bytes")
}
