//! Images and files that callers keep: their shapes, their bytes, and their ends.

mod artifacts;
mod by_graphql;
mod by_jan;
mod by_links;
mod by_models;
mod by_service;
mod files;
mod hostile;
mod in_a_bucket;
mod lives;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jan_tests::app::App;
use jan_tests::request::{Client, Request};
use serde_json::{Value, json};

const MEDIA: &str = "/v1/media";
const FILES: &str = "/v1/files";
const BOUNDARY: &str = "a-boundary-of-our-own";

/// The beginning of a PNG of this size, and `tail` behind it. Nobody here decodes more of it.
pub(crate) fn png(width: u32, height: u32, tail: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(tail);
    bytes
}

fn data_url(bytes: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(bytes))
}

fn upload(bytes: &[u8]) -> Value {
    json!({"source": {"type": "data_url", "data_url": data_url(bytes)}, "filename": "tea.png"})
}

/// Keeps an image, which must be kept.
pub(crate) async fn keep(client: &Client, bytes: &[u8]) -> Value {
    let kept = client.post(MEDIA, upload(bytes)).await;
    kept.expect_status(200).json()
}

pub(crate) fn id_of(kept: &Value) -> &str {
    kept["id"].as_str().unwrap()
}

/// A form of texts and one file.
fn form(client: &Client, texts: &[(&str, &str)], file: (&str, &str, &[u8])) -> Request {
    let (name, media_type, bytes) = file;
    let mut body = Vec::new();
    for (field, text) in texts {
        let part = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{text}\r\n"
        );
        body.extend(part.into_bytes());
    }
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    body.extend(head.into_bytes());
    body.extend(bytes);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let request = client.raw(http::Method::POST, FILES);
    request.body_of(&media_type, body)
}

/// Keeps a file for anything, which must be kept.
pub(crate) async fn file(client: &Client, name: &str, bytes: &[u8]) -> Value {
    let file = (name, "text/plain", bytes);
    let kept = form(client, &[("purpose", "user_data")], file).await;
    kept.expect_status(200).json()
}

/// A path of ours out of a whole address.
fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap();
    let path = url
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..]));
    path.unwrap().to_owned()
}

/// Files in the object store.
fn objects(app: &App) -> usize {
    files_below(app.media_directory())
}

/// Files below a directory, but for those of its server's own.
pub(crate) fn files_below(path: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(path) else {
        return 0;
    };
    let counted = entries.map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path) } else { 1 }
    });
    counted.sum()
}
