//! Showing media to models: references in a prompt become what they refer to, and are recorded as
//! references only.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jan_domain::caller::Owner;
use jan_domain::id::MediaId;
use jan_domain::item::{MediaPart, MediaPartKind};
use jan_domain::limits::{MEDIA_PROMPT_BYTES_MAX, MEDIA_REFERENCES_MAX};
use jan_domain::media::KeptMedia;
use serde_json::{Value, json};

use super::{MediaFailure, MediaShelf};

/// What is wrong with a reference of a request.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// It is the caller's mistake.
    #[error("{problem}")]
    Wrong {
        /// The field.
        at: String,
        /// A sentence for the caller.
        problem: String,
    },
    /// It could not be found out.
    #[error(transparent)]
    Failed(#[from] MediaFailure),
}

impl MediaShelf {
    /// Refuses references of a request that cannot be followed, before anything of it is recorded.
    pub(crate) async fn check_references(
        &self,
        owner: &Owner,
        references: Vec<(String, MediaPart)>,
    ) -> Result<(), ReferenceError> {
        let wrong = |at: &str, problem: String| ReferenceError::Wrong {
            at: at.to_owned(),
            problem,
        };
        let mut bytes = 0;
        for (number, (at, part)) in references.iter().enumerate() {
            if number == MEDIA_REFERENCES_MAX {
                let problem = format!("At most {MEDIA_REFERENCES_MAX} media in one request.");
                return Err(wrong(at, problem));
            }
            let id = &part.id;
            let kept = match self.find(owner, id).await {
                Err(MediaFailure::NotFound) => {
                    return Err(wrong(at, format!("No media found with id '{id}'.")));
                }
                found => found?,
            };
            if part.kind == MediaPartKind::Image && kept.content.dimensions.is_none() {
                return Err(wrong(at, format!("The media '{id}' is no image.")));
            }
            bytes += kept.content.bytes;
            if bytes > MEDIA_PROMPT_BYTES_MAX {
                let most = MEDIA_PROMPT_BYTES_MAX;
                let problem = format!("The media of one request may have {most} bytes together.");
                return Err(wrong(at, problem));
            }
        }
        Ok(())
    }

    /// A request for a provider with what its messages refer to in place of the references. What is
    /// not there any more, or too much, is said in words: a conversation goes on without it.
    pub(crate) async fn show(&self, owner: &Owner, body: Bytes) -> Result<Bytes, MediaFailure> {
        if memchr::memmem::find(&body, b"jan_").is_none() {
            return Ok(body);
        }
        let Ok(mut request) = serde_json::from_slice::<Value>(&body) else {
            return Ok(body);
        };
        let mut showing = Showing {
            shelf: self,
            owner,
            known: HashMap::new(),
            room: MEDIA_PROMPT_BYTES_MAX,
        };
        let mut changed = false;
        // What was said last is shown first, as long as there is room.
        let messages = request["messages"].as_array_mut().into_iter().flatten();
        for message in messages.rev() {
            let parts = message["content"].as_array_mut().into_iter().flatten();
            for part in parts.rev() {
                if let Some(media) = MediaPart::of(part) {
                    showing.put(part, &media).await?;
                    changed = true;
                }
            }
        }
        Ok(if changed {
            request.to_string().into()
        } else {
            body
        })
    }
}

/// What is put in place of references.
struct Showing<'s> {
    shelf: &'s MediaShelf,
    owner: &'s Owner,
    known: HashMap<MediaId, Option<(KeptMedia, Bytes)>>,
    room: u64,
}

impl Showing<'_> {
    async fn put(&mut self, part: &mut Value, media: &MediaPart) -> Result<(), MediaFailure> {
        let id = &media.id;
        if !self.known.contains_key(id) {
            let read = self.read(id).await?;
            self.known.insert(id.clone(), read);
        }
        let Some((kept, bytes)) = self.known.get(id).and_then(Option::as_ref) else {
            *part = words(&format!("[{id} is not there any more]"));
            return Ok(());
        };
        let Some(room) = self.room.checked_sub(kept.content.bytes) else {
            *part = words(&format!("[{id} is left out: there is too much to see]"));
            return Ok(());
        };
        self.room = room;
        match media.kind {
            MediaPartKind::Image => part["image_url"]["url"] = data_url(kept, bytes).into(),
            MediaPartKind::File => *part = file(kept, bytes),
        }
        Ok(())
    }

    /// Bytes that are on record and not there are as good as deleted, here.
    async fn read(&self, id: &MediaId) -> Result<Option<(KeptMedia, Bytes)>, MediaFailure> {
        let kept = match self.shelf.find(self.owner, id).await {
            Err(MediaFailure::NotFound) => return Ok(None),
            found => found?,
        };
        match self.shelf.bytes(id, &kept).await {
            Ok(bytes) => Ok(Some((kept, bytes))),
            Err(MediaFailure::Lost(_)) => {
                tracing::error!(media = %id, "the bytes of media are not in the object store");
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// A text is told as one, which any model reads; an image is shown; else the model gets the file.
fn file(kept: &KeptMedia, bytes: &Bytes) -> Value {
    if kept.content.dimensions.is_some() {
        return json!({"type": "image_url", "image_url": {"url": data_url(kept, bytes)}});
    }
    let name = kept.label.name().unwrap_or("file");
    match std::str::from_utf8(bytes) {
        Ok(text) => words(&format!("File {name}:\n{text}")),
        Err(_) => json!({"type": "file", "file": {
            "filename": name,
            "file_data": data_url(kept, bytes),
        }}),
    }
}

fn words(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn data_url(kept: &KeptMedia, bytes: &Bytes) -> String {
    let media_type = &kept.content.media_type;
    format!("data:{media_type};base64,{}", STANDARD.encode(bytes))
}
