use std::time::Duration;

use crate::safe_http::FetchSettings;

/// How pages are read.
#[derive(Debug, Clone)]
pub struct ScrapeSettings {
    /// Whether there is such a tool.
    pub enabled: bool,
    /// Which addresses are fetched from, and how much and how long.
    pub fetch: FetchSettings,
    /// Whether what servers ask of programs is done (`robots.txt`).
    pub robots: bool,
    /// How long a page that was read is told again without asking its server.
    pub fresh: Duration,
    /// Characters of a page that are told; more are left out, and that is said.
    pub text_chars_max: usize,
    /// Characters of its preview.
    pub preview_chars_max: usize,
    /// Whether public pages that one reads can be found by everybody of the organisation.
    pub share: bool,
    /// How long pages are kept for search.
    pub kept: Duration,
    /// Pages that are kept at most.
    pub pages_max: u32,
}

impl Default for ScrapeSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            fetch: FetchSettings::default(),
            robots: true,
            fresh: Duration::from_mins(10),
            text_chars_max: 50_000,
            preview_chars_max: 600,
            share: true,
            kept: Duration::from_hours(30 * 24),
            pages_max: 50_000,
        }
    }
}
