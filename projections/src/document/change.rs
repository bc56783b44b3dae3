use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use jan_domain::caller::Owner;
use jan_domain::document::{DocumentContent, DocumentName};
use ring::digest;

use super::passages::passages;

/// What a stretch of history changes about one document: where it leads, for a text replaces the one before.
#[derive(Default)]
pub(super) struct DocumentChange {
    pub(super) kept: Option<Kept>,
    /// Whether it was there before this stretch, as far as the stretch can tell.
    pub(super) began_elsewhere: bool,
}

/// What a document says.
pub(super) struct Kept {
    pub(super) owner: Owner,
    pub(super) name: DocumentName,
    pub(super) content: DocumentContent,
    pub(super) at: DateTime<Utc>,
}

impl Kept {
    pub(super) fn text_bytes(&self) -> i32 {
        i32::try_from(self.content.text.len()).expect("a text has a million bytes at most")
    }

    pub(super) fn passages<'k>(&'k self, id: &'k str) -> Vec<NewPassage<'k>> {
        let bodies = passages(&self.content.text).into_iter();
        let numbered = (0..).zip(bodies);
        let new = |(ordinal, body)| NewPassage::new(id, &self.owner, ordinal, body);
        numbered.map(new).collect()
    }
}

/// A passage about to be written.
pub(super) struct NewPassage<'k> {
    pub(super) id: &'k str,
    pub(super) owner: &'k Owner,
    pub(super) ordinal: i32,
    pub(super) body: &'k str,
    pub(super) body_hash: String,
}

impl<'k> NewPassage<'k> {
    fn new(id: &'k str, owner: &'k Owner, ordinal: i32, body: &'k str) -> Self {
        let hash = digest::digest(&digest::SHA256, body.as_bytes());
        let mut body_hash = String::with_capacity(64);
        for byte in hash.as_ref() {
            write!(body_hash, "{byte:02x}").expect("memory takes any text");
        }
        Self {
            id,
            owner,
            ordinal,
            body,
            body_hash,
        }
    }
}
