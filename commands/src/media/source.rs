use bytes::Bytes;

use super::{MediaFailure, MediaShelf, data_url};

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaSource {
    /// `data:<type>;base64,<bytes>`
    DataUrl(String),
    /// An address of the web.
    RemoteUrl(String),
}

impl MediaShelf {
    /// The bytes of a source, and the type they are said to have; empty where nothing is said.
    pub async fn bring(&self, source: &MediaSource) -> Result<(String, Bytes), MediaFailure> {
        match source {
            MediaSource::DataUrl(url) => data_url::decode(url, &self.terms),
            MediaSource::RemoteUrl(url) => {
                let bytes = self.web.fetch(url).await?;
                Ok((String::new(), bytes))
            }
        }
    }
}
