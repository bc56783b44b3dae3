use std::fmt::Write as _;

use bytes::Bytes;
use jan_domain::caller::Owner;
use jan_domain::id::MediaId;
use jan_domain::media::{FileName, KeptMedia};
use jan_domain::ports::ServedAs;

use super::{MediaFailure, MediaLink, MediaShelf};

impl MediaShelf {
    /// What an owner keeps under this id.
    pub async fn find(&self, owner: &Owner, id: &MediaId) -> Result<KeptMedia, MediaFailure> {
        let kept = self.linked(id).await?;
        if kept.owner == *owner {
            Ok(kept)
        } else {
            Err(MediaFailure::NotFound)
        }
    }

    /// What is kept under this id, for whoever has a link to it.
    pub async fn linked(&self, id: &MediaId) -> Result<KeptMedia, MediaFailure> {
        let loaded = self.streams.load(id.as_str()).await?;
        let kept = loaded.state.readable_at(self.clock.now());
        kept.ok_or(MediaFailure::NotFound)
    }

    /// The bytes of something that is kept.
    pub async fn bytes(&self, id: &MediaId, kept: &KeptMedia) -> Result<Bytes, MediaFailure> {
        let bytes = self.objects.get(&kept.key()).await?;
        bytes.ok_or_else(|| MediaFailure::Lost(id.to_string()))
    }

    /// The address under which whoever has it can read the bytes for a while: the object store's own,
    /// or the token of one of ours.
    pub async fn address(&self, id: &MediaId, kept: &KeptMedia) -> Result<Address, MediaFailure> {
        let valid_for = self.terms.link_valid;
        let served = ServedAs {
            media_type: kept.content.media_type.clone(),
            disposition: disposition_of(kept),
        };
        let signed = self
            .objects
            .presign(&kept.key(), &served, valid_for)
            .await?;
        Ok(signed.map_or_else(
            || {
                let until = self.clock.now() + valid_for;
                Address::Ours(self.seal_link(MediaLink::Read(id.clone()), until))
            },
            Address::Elsewhere,
        ))
    }
}

/// Where bytes can be read for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A whole address.
    Elsewhere(String),
    /// The token of one of our links.
    Ours(String),
}

/// `Content-Disposition` (RFC 6266, its name as RFC 8187 has it). Only images by their bytes are shown
/// in place: whatever else it is said to be, a file may be a page full of scripts.
pub fn disposition_of(kept: &KeptMedia) -> String {
    let shown = kept.content.dimensions.is_some();
    let manner = if shown { "inline" } else { "attachment" };
    let Some(name) = &kept.label.file_name else {
        return manner.to_owned();
    };
    format!("{manner}; filename*=UTF-8''{}", encoded(name))
}

/// A name without what makes a path of it or turns it around, percent-encoded.
fn encoded(name: &FileName) -> String {
    let shown = name.as_str().trim_start_matches(['.', '-', ' ']);
    let shown = if shown.is_empty() { "file" } else { shown };
    let mut text = String::with_capacity(shown.len());
    let mut buffer = [0; 4];
    for char in shown.chars().filter(|&char| !turns_around(char)) {
        match char {
            '/' | '\\' | ':' => text.push('_'),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' => text.push(char),
            other => {
                for byte in other.encode_utf8(&mut buffer).bytes() {
                    write!(text, "%{byte:02X}").expect("memory takes any text");
                }
            }
        }
    }
    text
}

/// Characters that make a name look like another one (UAX #9).
fn turns_around(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_never_a_path_and_reads_as_it_is() {
        for (name, shown) in [
            ("tea.png", "tea.png"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("C:\\x", "C__x"),
            (".htaccess", "htaccess"),
            ("-rf", "rf"),
            ("...", "file"),
            ("a\u{202e}gnp.exe", "agnp.exe"),
            ("tee \"ä\".txt", "tee%20%22%C3%A4%22.txt"),
        ] {
            assert_eq!(encoded(&FileName::parse(name).unwrap()), shown, "{name:?}");
        }
    }
}
