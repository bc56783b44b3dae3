use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use serde_json::{Map, Value};

use super::ReadFailure;
use crate::caller::Owner;

/// Pages of the web that were read here, kept for a while: so that none is fetched twice in a row, and
/// so that there is something to search without the web.
///
/// A cache and no truth: what a run was told of a page is in the run's own record.
pub trait PageStore: Send + Sync {
    /// The page kept of an address, as far as `owner` may know it.
    fn find<'a>(
        &'a self,
        owner: &'a Owner,
        url: &'a str,
    ) -> BoxFuture<'a, Result<Option<KeptPage>, ReadFailure>>;

    /// Keeps a page in place of what was kept of its address.
    fn keep<'a>(
        &'a self,
        owner: &'a Owner,
        page: &'a KeptPage,
    ) -> BoxFuture<'a, Result<(), ReadFailure>>;

    /// The pages that say what is asked, best first.
    fn search<'a>(
        &'a self,
        query: &'a PageQuery,
    ) -> BoxFuture<'a, Result<Vec<PageHit>, ReadFailure>>;
}

/// A page as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptPage {
    /// The address that was asked for.
    pub url: String,
    /// Where it was, after redirects.
    pub found_at: String,
    /// Its title; empty when it has none.
    pub title: String,
    /// What it says.
    pub text: String,
    /// The same as Markdown.
    pub markdown: String,
    /// What else is known of it.
    pub metadata: Map<String, Value>,
    /// By what its server recognises it.
    pub etag: Option<String>,
    /// When its server says it last changed, in its server's words.
    pub last_modified: Option<String>,
    /// Whether everybody of the organisation may be told of it. One that may be meant for a single
    /// reader is told to nobody but whoever asked for it.
    pub shared: bool,
    /// When it was read.
    pub fetched_at: DateTime<Utc>,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    /// On whose behalf.
    pub owner: Owner,
    /// Words, as people type them into a search box: quotes and minus signs count.
    pub text: String,
    /// Only pages of these hosts and what is below them; of any when empty.
    pub hosts: Vec<String>,
    /// Only pages that were read since.
    pub since: Option<DateTime<Utc>>,
    /// So many of them.
    pub limit: u32,
    /// Without so many first ones.
    pub offset: u32,
}

/// A page that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct PageHit {
    /// Where it is.
    pub url: String,
    /// Its title.
    pub title: String,
    /// The passages that say it.
    pub snippet: String,
    /// How well it fits; larger is better.
    pub score: f32,
    /// When it was read.
    pub fetched_at: DateTime<Utc>,
}
