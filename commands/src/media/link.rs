use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jan_domain::id::MediaId;
use serde::{Deserialize, Serialize};

use super::{MediaFailure, MediaShelf};

/// The seals of links are for nothing else.
const CONTEXT: &str = "media link";
/// Longest text that may be a link's token.
const TOKEN_CHARS_MAX: usize = 512;

/// What whoever has a link may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaLink {
    /// Read the bytes.
    Read(MediaId),
    /// Send the bytes.
    Write(MediaId),
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    link: MediaLink,
    until: DateTime<Utc>,
}

impl MediaShelf {
    /// The token of a link, and until when it is good. It is sealed: nobody but us can make or change
    /// one, and every node of the deployment can open it.
    pub fn seal_link(&self, link: MediaLink, until: DateTime<Utc>) -> String {
        let plain = serde_json::to_vec(&Sealed { link, until }).expect("our shapes have text keys");
        URL_SAFE_NO_PAD.encode(self.seal.seal(CONTEXT, &plain))
    }

    /// What a token is good for at this moment.
    pub fn open_link(&self, token: &str) -> Result<MediaLink, MediaFailure> {
        let sealed = Some(token).filter(|token| token.len() <= TOKEN_CHARS_MAX);
        let sealed = sealed.and_then(|token| URL_SAFE_NO_PAD.decode(token).ok());
        let plain = sealed.and_then(|sealed| self.seal.open(CONTEXT, &sealed));
        let opened = plain.and_then(|plain| serde_json::from_slice::<Sealed>(&plain).ok());
        let now = self.clock.now();
        opened
            .filter(|sealed| now < sealed.until)
            .map(|sealed| sealed.link)
            .ok_or(MediaFailure::Link)
    }
}
