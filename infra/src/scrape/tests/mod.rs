//! Pages as they are read, and pages that are made to hurt whoever reads them.

mod golden;
mod hostile;

use http::{HeaderMap, header};

use super::readable::ReadPage;
use super::scraper::{ScrapeFailure, understand};
use crate::safe_http::Fetched;

/// What is made of bytes that came from a page of ours.
fn read(body: impl Into<Vec<u8>>, content_type: &str) -> Result<ReadPage, ScrapeFailure> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
    understand(&Fetched {
        url: "https://pages.example/dir/page".to_owned(),
        status: 200,
        headers,
        body: body.into(),
        cut: false,
    })
}
