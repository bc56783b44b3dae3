//! Pages over the wire: what is kept of them, who may know it, and what servers are asked.

use std::sync::Arc;
use std::time::Duration;

use jan_commands::store::PageCache;
use jan_domain::caller::Owner;
use jan_domain::id::AccountId;
use jan_domain::ports::{PageQuery, PageStore};
use jan_infra::clock::SystemClock;
use jan_infra::safe_http::FetchFailure;
use jan_infra::scrape::{ScrapeFailure, ScrapeSettings, Scraped, Scraper};
use jan_tests::database::Database;
use jan_tests::scripted_web::{Reply, ScriptedWeb};

const PAGE: &str = "<title>Tides</title><p>The harbour fills twice a day.</p>";

/// Settings that let pages of this machine be read.
pub(crate) fn settings() -> ScrapeSettings {
    let mut settings = ScrapeSettings {
        robots: false,
        ..ScrapeSettings::default()
    };
    settings.fetch.addresses.allowed = vec!["127.0.0.0/8".parse().unwrap()];
    settings.fetch.total = Duration::from_secs(5);
    settings
}

/// The same for pages that are never fresh.
fn forgetful() -> ScrapeSettings {
    ScrapeSettings {
        fresh: Duration::from_nanos(1),
        ..settings()
    }
}

struct Subject {
    web: ScriptedWeb,
    scraper: Scraper,
    pages: PageCache,
    _database: Database,
}

impl Subject {
    async fn with(settings: &ScrapeSettings) -> Self {
        let database = Database::fresh().await;
        let pages = PageCache::new(database.pool(2).await);
        let kept: Arc<dyn PageStore> = Arc::new(pages.clone());
        Self {
            web: ScriptedWeb::start().await,
            scraper: Scraper::try_new(settings, kept, Arc::new(SystemClock)).unwrap(),
            pages,
            _database: database,
        }
    }

    async fn scrape(&self, account: &str, path: &str) -> Result<Scraped, ScrapeFailure> {
        self.scraper
            .scrape(&owner(account), &self.web.url(path))
            .await
    }

    /// How fresh a page is for somebody.
    async fn freshness(&self, account: &str, path: &str) -> &'static str {
        self.scrape(account, path).await.unwrap().freshness.as_str()
    }

    async fn finds(&self, account: &str) -> bool {
        let query = PageQuery {
            owner: owner(account),
            text: "harbour".to_owned(),
            hosts: Vec::new(),
            since: None,
            limit: 1,
            offset: 0,
        };
        !self.pages.search(&query).await.unwrap().is_empty()
    }
}

fn owner(account: &str) -> Owner {
    Owner {
        account: AccountId::parse(account).unwrap(),
        ..jan_domain::Caller::nobody().owner
    }
}

#[tokio::test]
async fn a_page_is_fetched_once_and_told_again() {
    let subject = Subject::with(&settings()).await;
    subject.web.tell("/", [Reply::page(PAGE)]);
    assert_eq!(subject.freshness("user_a", "/").await, "live");
    assert_eq!(subject.freshness("user_b", "/").await, "cached");
    assert_eq!(subject.web.asked().len(), 1);
    assert!(subject.finds("user_c").await);
}

#[tokio::test]
async fn a_page_that_has_not_changed_is_not_sent_again() {
    let subject = Subject::with(&forgetful()).await;
    let page = || {
        Reply::page(PAGE)
            .with("etag", "\"1\"")
            .with("last-modified", "Sun, 01 Mar 2026 12:00:00 GMT")
    };
    let changed = Reply::page("<p>Now the harbour is dry.");
    subject.web.tell(
        "/",
        [page(), Reply::status(304), Reply::status(503), changed],
    );
    assert_eq!(subject.freshness("user_a", "/").await, "live");
    let again = subject.scrape("user_a", "/").await.unwrap();
    assert_eq!(again.freshness.as_str(), "revalidated");
    assert_eq!(again.page.text, "The harbour fills twice a day.");
    let stale = subject.scrape("user_a", "/").await.unwrap();
    // A database keeps no nanoseconds.
    let read_at = |scraped: &Scraped| scraped.page.fetched_at.timestamp_micros();
    assert_eq!(
        (stale.freshness.as_str(), read_at(&stale)),
        ("stale", read_at(&again))
    );
    let changed = subject.scrape("user_a", "/").await.unwrap();
    assert_eq!(
        (changed.freshness.as_str(), changed.page.text.as_str()),
        ("live", "Now the harbour is dry.")
    );
    let asked = subject.web.asked();
    let shown = |at: usize, name: &str| asked[at].headers.get(name).cloned();
    assert_eq!(
        (shown(0, "if-none-match"), shown(1, "if-none-match")),
        (None, Some("\"1\"".to_owned()))
    );
    assert_eq!(
        shown(1, "if-modified-since").unwrap(),
        "Sun, 01 Mar 2026 12:00:00 GMT"
    );
    for name in ["cookie", "authorization", "referer"] {
        assert_eq!(shown(1, name), None);
    }
}

#[tokio::test]
async fn what_may_be_meant_for_one_reader_is_told_to_no_other() {
    for (path, reply) in [
        ("/?key=secret", Reply::page(PAGE)),
        (
            "/",
            Reply::page(PAGE).with("cache-control", "max-age=5, PRIVATE"),
        ),
        ("/", Reply::page(PAGE).with("cache-control", "no-store")),
        (
            "/",
            Reply::page(PAGE).with("x-robots-tag", "noindex, nofollow"),
        ),
        (
            "/",
            Reply::page(format!("<meta name=robots content='NOINDEX'>{PAGE}")),
        ),
    ] {
        let subject = Subject::with(&settings()).await;
        let shown = format!("{path} {reply:?}");
        subject.web.tell("/", [reply]);
        assert_eq!(subject.freshness("user_a", path).await, "live");
        assert!(
            subject.finds("user_a").await && !subject.finds("user_b").await,
            "{shown}"
        );
        assert_eq!(subject.freshness("user_b", path).await, "live", "{shown}");
        assert_eq!(subject.freshness("user_a", path).await, "cached", "{shown}");
    }
}

#[tokio::test]
async fn what_a_server_asks_of_programs_is_done() {
    let polite = ScrapeSettings {
        robots: true,
        ..settings()
    };
    let subject = Subject::with(&polite).await;
    let rules = Reply::text("User-agent: *\nDisallow: /private\n");
    subject.web.tell("/robots.txt", [rules]);
    subject.web.tell("/private", [Reply::page(PAGE)]);
    subject.web.tell("/open", [Reply::page(PAGE)]);
    assert_eq!(
        subject.scrape("user_a", "/private").await,
        Err(ScrapeFailure::Robots)
    );
    assert_eq!(subject.freshness("user_a", "/open").await, "live");
    let asked: Vec<_> = subject
        .web
        .asked()
        .into_iter()
        .map(|asked| asked.path)
        .collect();
    assert_eq!(asked, ["/robots.txt", "/open"]);
}

#[tokio::test]
async fn what_cannot_be_read_is_said() {
    let subject = Subject::with(&settings()).await;
    subject.web.tell(
        "/image",
        [Reply::status(200).with("content-type", "image/png")],
    );
    subject
        .web
        .tell("/loop", [Reply::status(302).with("location", "/loop")]);
    subject.web.tell(
        "/inside",
        [Reply::status(302).with("location", "http://169.254.169.254/latest")],
    );
    subject
        .web
        .tell("/slow", [Reply::page(PAGE).after(Duration::from_mins(1))]);
    for (path, words) in [
        ("/missing", "the page's server answered with status 404"),
        (
            "/image",
            "what is at this address is of the type 'image/png', which cannot be read",
        ),
        ("/loop", "the address redirects too often"),
        ("/inside", "nothing can be fetched from this address"),
        ("/slow", "the page took too long"),
    ] {
        let failed = subject.scrape("user_a", path).await.unwrap_err();
        assert_eq!(failed.to_string(), words);
    }
    let strict = Subject::with(&ScrapeSettings::default()).await;
    let failed = strict.scrape("user_a", "/").await.unwrap_err();
    assert!(matches!(
        failed,
        ScrapeFailure::Fetch(FetchFailure::Refused(_))
    ));
    assert!(strict.web.asked().is_empty());
}

#[tokio::test]
async fn a_long_page_is_cut_and_that_is_said() {
    let short = ScrapeSettings {
        text_chars_max: 100,
        ..settings()
    };
    let subject = Subject::with(&short).await;
    subject
        .web
        .tell("/", [Reply::page(format!("<p>{}", "harbour ".repeat(100)))]);
    let page = subject.scrape("user_a", "/").await.unwrap().page;
    assert_eq!(
        (page.text.chars().count(), page.markdown.chars().count()),
        (100, 100)
    );
    assert_eq!(
        (&page.metadata["truncated"], &page.metadata["chars_total"]),
        (&true.into(), &799.into())
    );
    let mut small = settings();
    small.fetch.bytes_max = 1_000;
    let subject = Subject::with(&small).await;
    subject.web.tell(
        "/",
        [Reply::page(format!("<p>{}", "harbour ".repeat(1_000)))],
    );
    let page = subject.scrape("user_a", "/").await.unwrap().page;
    assert_eq!(page.metadata["truncated"], true);
    assert!(page.text.starts_with("harbour harbour"));
}
