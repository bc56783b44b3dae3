use serde_json::Value;

use super::prompt::told_part;
use super::{ContentPart, Item, ItemBody};
use crate::id::MediaId;
use crate::media::reference;

/// A part of a message that says media instead of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaPart {
    /// Which.
    pub id: MediaId,
    /// As what it is to be shown.
    pub kind: MediaPartKind,
}

/// As what media is shown to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaPartKind {
    /// A picture.
    Image,
    /// A file.
    File,
}

impl MediaPart {
    /// What a part of a chat message refers to, if it does: `image_url.url` or `file.file_id`.
    pub fn of(part: &Value) -> Option<Self> {
        let (kind, text) = match part["type"].as_str()? {
            "image_url" => (MediaPartKind::Image, part["image_url"]["url"].as_str()?),
            "file" => (MediaPartKind::File, part["file"]["file_id"].as_str()?),
            _ => return None,
        };
        reference(text).map(|id| Self { id, kind })
    }
}

/// What a chat message refers to, each with its field: `content[0].image_url.url`.
pub fn media_of_message(message: &Value) -> Vec<(String, MediaPart)> {
    let parts = message["content"].as_array().into_iter().flatten();
    let found = parts.enumerate().filter_map(|(at, part)| {
        let media = MediaPart::of(part)?;
        let field = match media.kind {
            MediaPartKind::Image => "image_url.url",
            MediaPartKind::File => "file.file_id",
        };
        Some((format!("content[{at}].{field}"), media))
    });
    found.collect()
}

/// What items refer to, each with its field: `[0].content[0]`.
pub fn media_of_items(items: &[Item]) -> Vec<(String, MediaPart)> {
    let mut found = Vec::new();
    for (item_at, item) in items.iter().enumerate() {
        let ItemBody::Message { content, .. } = &item.body else {
            continue;
        };
        for (at, part) in content.iter().enumerate() {
            let media = told_part(part).and_then(|part| MediaPart::of(&part));
            found.extend(media.map(|media| (format!("[{item_at}].content[{at}]"), media)));
        }
    }
    found
}

/// The first image that is said by an id which is none of ours, with its field: no model sees it.
pub fn foreign_image(items: &[Item]) -> Option<(String, &str)> {
    let contents = items.iter().enumerate().filter_map(|(at, item)| {
        if let ItemBody::Message { content, .. } = &item.body {
            Some((at, content))
        } else {
            None
        }
    });
    let mut parts = contents.flat_map(|(item_at, content)| {
        let parts = content.iter().enumerate();
        parts.map(move |(at, part)| (item_at, at, part))
    });
    parts.find_map(|(item_at, at, part)| match part {
        ContentPart::InputImage {
            image_url: None,
            file_id: Some(id),
            ..
        } if reference(id).is_none() => Some((format!("[{item_at}].content[{at}]"), id.as_str())),
        _ => None,
    })
}
