use std::sync::Arc;

use chrono::TimeDelta;
use http::header;
use jan_domain::caller::Owner;
use jan_domain::ports::{Clock, KeptPage, PageStore};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use url::Url;

use super::charset::decode;
use super::head::is_unlisted;
use super::readable::{ReadPage, read_html, read_text};
use super::robots::Robots;
use super::settings::ScrapeSettings;
use super::visible::beginning;
use crate::safe_http::{FetchFailure, Fetched, Fetcher, Validators, VettedUrl, Wanted};

/// What is asked for, best first.
const ACCEPT: &str = "text/html,application/xhtml+xml,text/markdown;q=0.9,text/plain;q=0.9,\
    application/json;q=0.8,*/*;q=0.1";
/// Longest title.
const TITLE_CHARS_MAX: usize = 500;
/// Pages that are parsed at once: it takes a core each.
const PARSED_AT_ONCE: usize = 2;

/// Reads pages of the web.
pub struct Scraper {
    fetcher: Fetcher,
    robots: Option<Robots>,
    pages: Arc<dyn PageStore>,
    clock: Arc<dyn Clock>,
    settings: ScrapeSettings,
    parsing: Semaphore,
}

/// A page, and how it was come by.
#[derive(Debug, Clone, PartialEq)]
pub struct Scraped {
    /// The page, no longer than is told of one.
    pub page: KeptPage,
    /// How fresh it is.
    pub freshness: Freshness,
}

/// How fresh a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It was fetched for this answer.
    Live,
    /// Its server said for this answer that it has not changed.
    Revalidated,
    /// It was fetched a short while ago.
    Cached,
    /// It was fetched earlier, and cannot be fetched now.
    Stale,
}

impl Freshness {
    /// Its name in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Revalidated => "revalidated",
            Self::Cached => "cached",
            Self::Stale => "stale",
        }
    }
}

/// Why a page could not be read. The texts are safe to show to whoever named it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScrapeFailure {
    /// It could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchFailure),
    /// Its server answered with something else.
    #[error("the page's server answered with status {0}")]
    Status(u16),
    /// Its server asks programs not to fetch it.
    #[error("the page's server asks programs not to read this page (robots.txt)")]
    Robots,
    /// It is no text.
    #[error("what is at this address is no text")]
    NoText,
    /// It could not be understood.
    #[error("the page could not be understood")]
    Unreadable,
}

impl Scraper {
    /// Sets everything up, without connecting.
    pub fn try_new(
        settings: &ScrapeSettings,
        pages: Arc<dyn PageStore>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            fetcher: Fetcher::try_new(&settings.fetch)?,
            robots: settings.robots.then(Robots::new),
            pages,
            clock,
            settings: settings.clone(),
            parsing: Semaphore::new(PARSED_AT_ONCE),
        })
    }

    /// Reads a page, from the web or from what was kept of it.
    pub async fn scrape(&self, owner: &Owner, url: &str) -> Result<Scraped, ScrapeFailure> {
        let url = self.fetcher.vet(url)?;
        let known = self.kept(owner, &url).await;
        if let Some(page) = known.clone().filter(|page| self.is_fresh(page)) {
            return Ok(Scraped {
                page,
                freshness: Freshness::Cached,
            });
        }
        match (self.fetch(&url, known.as_ref()).await, known) {
            (Ok(Some(page)), _) => self.keep(owner, page, Freshness::Live).await,
            (Ok(None), Some(page)) => {
                let page = KeptPage {
                    fetched_at: self.clock.now(),
                    ..page
                };
                self.keep(owner, page, Freshness::Revalidated).await
            }
            (Ok(None), None) => Err(ScrapeFailure::Status(304)),
            (Err(failure), Some(page)) if failure.may_pass() => Ok(Scraped {
                page,
                freshness: Freshness::Stale,
            }),
            (Err(failure), _) => Err(failure),
        }
    }

    /// What was kept. Without it, the page is fetched.
    async fn kept(&self, owner: &Owner, url: &VettedUrl) -> Option<KeptPage> {
        let found = self.pages.find(owner, url.as_str()).await;
        found.unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "{error}");
            None
        })
    }

    async fn keep(
        &self,
        owner: &Owner,
        page: KeptPage,
        freshness: Freshness,
    ) -> Result<Scraped, ScrapeFailure> {
        if let Err(error) = self.pages.keep(owner, &page).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a page is not kept"
            );
        }
        Ok(Scraped { page, freshness })
    }

    fn is_fresh(&self, page: &KeptPage) -> bool {
        let fresh = TimeDelta::from_std(self.settings.fresh).unwrap_or(TimeDelta::MAX);
        self.clock.now() - page.fetched_at < fresh
    }

    /// The page as it is now; nothing if it has not changed.
    async fn fetch(
        &self,
        url: &VettedUrl,
        known: Option<&KeptPage>,
    ) -> Result<Option<KeptPage>, ScrapeFailure> {
        if let Some(robots) = &self.robots
            && !robots.allow(&self.fetcher, url).await?
        {
            return Err(ScrapeFailure::Robots);
        }
        let known = known.map(|page| Validators {
            url: page.found_at.clone(),
            etag: page.etag.clone(),
            last_modified: page.last_modified.clone(),
        });
        let wanted = Wanted {
            url,
            accept: ACCEPT,
            takes: is_text,
            may_be_cut: true,
            known: known.as_ref(),
        };
        let fetched = self.fetcher.fetch(wanted).await?;
        match fetched.status {
            200 => self.read(url, fetched).await.map(Some),
            304 if known.is_some() => Ok(None),
            status => Err(ScrapeFailure::Status(status)),
        }
    }

    async fn read(&self, url: &VettedUrl, fetched: Fetched) -> Result<KeptPage, ScrapeFailure> {
        let shared = self.settings.share && !url.has_query() && is_public(&fetched);
        let header = |name| fetched.header(name).map(str::to_owned);
        let (etag, last_modified) = (header(header::ETAG), header(header::LAST_MODIFIED));
        let found_at = fetched.url.clone();
        let permit = self.parsing.acquire().await;
        let read = tokio::task::spawn_blocking(move || understand(&fetched)).await;
        drop(permit);
        let mut read = read.map_err(|_| ScrapeFailure::Unreadable)??;
        self.shorten(&mut read);
        Ok(KeptPage {
            url: url.as_str().to_owned(),
            shared: shared && !read.unlisted,
            found_at,
            title: read.title,
            text: read.text,
            markdown: read.markdown,
            metadata: read.metadata,
            etag,
            last_modified,
            fetched_at: self.clock.now(),
        })
    }

    /// Leaves out what is too much to be told, and says so.
    fn shorten(&self, read: &mut ReadPage) {
        let chars_max = self.settings.text_chars_max;
        let total = read.text.chars().count();
        let mut cut = read.cut;
        for text in [&mut read.text, &mut read.markdown] {
            let (told, shortened) = beginning(text, chars_max);
            cut |= shortened;
            let end = told.len();
            text.truncate(end);
        }
        read.title = beginning(&read.title, TITLE_CHARS_MAX).0.to_owned();
        read.metadata.insert("chars_total".to_owned(), json!(total));
        read.metadata.insert("truncated".to_owned(), json!(cut));
    }
}

impl ScrapeFailure {
    /// Whether it says nothing about the page itself.
    fn may_pass(&self) -> bool {
        match self {
            Self::Fetch(failure) => matches!(
                failure,
                FetchFailure::Unreachable | FetchFailure::TimedOut | FetchFailure::Cut
            ),
            Self::Status(status) => *status >= 500 || *status == 429,
            Self::Robots | Self::NoText | Self::Unreadable => false,
        }
    }
}

fn is_text(essence: &str) -> bool {
    essence.starts_with("text/")
        || essence.ends_with("+json")
        || essence.ends_with("+xml") && !essence.starts_with("image/")
        || matches!(
            essence,
            "application/json" | "application/xml" | "application/x-ndjson" | "application/yaml"
        )
}

/// Whether a page is the same for everybody, as far as its server says.
fn is_public(fetched: &Fetched) -> bool {
    let told = |name: &str| {
        let values = fetched.headers.get_all(name).iter();
        let values = values.filter_map(|value| value.to_str().ok());
        values.collect::<Vec<_>>().join(",").to_ascii_lowercase()
    };
    let caching = told("cache-control");
    let private = ["private", "no-store"]
        .iter()
        .any(|word| caching.contains(word));
    !private && !is_unlisted(&told("x-robots-tag"))
}

/// Makes sense of bytes.
pub(super) fn understand(fetched: &Fetched) -> Result<ReadPage, ScrapeFailure> {
    let told = fetched.header(header::CONTENT_TYPE).unwrap_or_default();
    let (text, charset) = decode(&fetched.body, told, fetched.cut);
    if text.contains('\0') {
        return Err(ScrapeFailure::NoText);
    }
    let essence = told
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let html = match essence.as_str() {
        "text/html" | "application/xhtml+xml" => true,
        "" => text.trim_start().starts_with('<'),
        _ => false,
    };
    let url = Url::parse(&fetched.url).map_err(|_| ScrapeFailure::Unreadable)?;
    let mut read = if html {
        read_html(&text, &url)
    } else {
        read_text(&text, &essence)
    };
    let more: [(&str, Value); 3] = [
        (
            "content_type",
            if essence.is_empty() {
                Value::Null
            } else {
                json!(essence)
            },
        ),
        ("charset", json!(charset)),
        ("found_at", json!(fetched.url)),
    ];
    read.metadata
        .extend(more.map(|(name, value)| (name.to_owned(), value)));
    read.cut = fetched.cut;
    Ok(read)
}
