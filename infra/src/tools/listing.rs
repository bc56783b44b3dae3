use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::{ToolFailure, ToolOffer};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use rmcp::model::{ClientRequest, ListToolsRequest, PaginatedRequestParams, ServerResult};
use serde_json::Value;
use tokio::time::Instant;

use super::endpoint::{Endpoint, EndpointKey};
use super::failure::{self, Setback};
use super::offers;
use super::sessions::Sessions;
use super::wire::Note;

/// Lists that are remembered, and what they may take of memory.
const LISTS_MAX: usize = 1_024;
const LISTS_BYTES_MAX: u64 = 64 << 20;
/// Pages of one list.
const PAGES_MAX: usize = 32;

/// What servers offer, remembered for a while.
pub(super) struct Lists {
    known: Cache<EndpointKey, Arc<Known>, Bytes>,
}

struct Known {
    offers: Arc<[ToolOffer]>,
    bytes: usize,
    /// How long it counts as what the server offers.
    until: Instant,
    /// How long it tells who has which tool, even where a server lets no list be remembered.
    guides_until: Instant,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<EndpointKey, Arc<Known>> for Bytes {
    fn weight(&self, _: &EndpointKey, known: &Arc<Known>) -> u64 {
        // The cache forgets nothing that weighs nothing.
        u64::try_from(known.bytes).unwrap_or(u64::MAX).max(1)
    }
}

/// A list, and what there is to know about it.
pub(super) struct Listing {
    offers: Vec<ToolOffer>,
    bytes: usize,
    /// How long the server says it holds.
    ttl: Option<Duration>,
}

impl Lists {
    pub(super) fn new() -> Self {
        Self {
            known: Cache::with_weighter(LISTS_MAX, LISTS_BYTES_MAX, Bytes),
        }
    }

    /// What the endpoint offers, by memory or by asking; those who want to know meanwhile wait for
    /// the same answer.
    pub(super) async fn get(
        &self,
        sessions: &Sessions,
        endpoint: &Endpoint,
    ) -> Result<Arc<[ToolOffer]>, ToolFailure> {
        let over = |known: &Arc<Known>| known.until <= Instant::now();
        self.known.remove_if(&endpoint.key, over);
        // What rmcp waits with is large, and is waited with seldom.
        let asking = Box::pin(Known::ask(sessions, endpoint));
        let asking = self.known.get_or_insert_async(&endpoint.key, asking);
        let known = tokio::time::timeout(endpoint.limits.list, asking).await;
        let known = known.unwrap_or(Err(ToolFailure::TimedOut))?;
        Ok(Arc::clone(&known.offers))
    }

    /// The same, without believing what is remembered.
    pub(super) async fn get_anew(
        &self,
        sessions: &Sessions,
        endpoint: &Endpoint,
    ) -> Result<Arc<[ToolOffer]>, ToolFailure> {
        self.known.remove(&endpoint.key);
        self.get(sessions, endpoint).await
    }

    /// What is remembered of a tool, however long ago.
    pub(super) fn remembered(&self, endpoint: &Endpoint, tool: &str) -> Option<ToolOffer> {
        let known = self.known.get(&endpoint.key)?;
        known
            .offers
            .iter()
            .find(|offer| offer.name == tool)
            .cloned()
    }

    /// Whether the endpoint offered a tool when it was last asked, not long ago.
    pub(super) fn offered_lately(&self, endpoint: &Endpoint, tool: &str) -> bool {
        let known = self.known.get(&endpoint.key);
        let known = known.filter(|known| Instant::now() < known.guides_until);
        known.is_some_and(|known| known.offers.iter().any(|offer| offer.name == tool))
    }
}

impl Known {
    async fn ask(sessions: &Sessions, endpoint: &Endpoint) -> Result<Arc<Self>, ToolFailure> {
        let listing = list(sessions, endpoint).await?;
        let (now, ttl) = (Instant::now(), endpoint.limits.list_ttl);
        Ok(Arc::new(Self {
            offers: listing.offers.into(),
            bytes: listing.bytes,
            until: now + listing.ttl.map_or(ttl, |said| said.min(ttl)),
            guides_until: now + ttl,
        }))
    }
}

/// Asks for all pages of a list.
pub(super) async fn list(sessions: &Sessions, endpoint: &Endpoint) -> Result<Listing, ToolFailure> {
    let mut listing = Listing {
        offers: Vec::new(),
        bytes: 0,
        ttl: None,
    };
    let mut cursor = None;
    for _ in 0..PAGES_MAX {
        let page = Page::read(ask(sessions, endpoint, cursor.take()).await?)?;
        listing.bytes += page.tools.iter().map(bytes).sum::<usize>();
        if listing.bytes > endpoint.limits.list_bytes_max {
            return Err(ToolFailure::TooLarge);
        }
        listing.offers.extend(offers::read(endpoint, page.tools));
        listing.ttl = listing.ttl.into_iter().chain(page.ttl).min();
        cursor = page.next;
        if cursor.is_none() || listing.offers.len() > endpoint.limits.tools_max {
            break;
        }
    }
    if listing.offers.len() > endpoint.limits.tools_max || cursor.is_some() {
        tracing::warn!(
            tool_server.name = endpoint.name,
            "server {} has more tools than are offered",
            endpoint.name
        );
        listing.offers.truncate(endpoint.limits.tools_max);
    }
    without_repetition(&mut listing.offers);
    Ok(listing)
}

async fn ask(
    sessions: &Sessions,
    endpoint: &Endpoint,
    cursor: Option<String>,
) -> Result<ServerResult, ToolFailure> {
    let request = ListToolsRequest {
        params: cursor.map(|cursor| PaginatedRequestParams::default().with_cursor(Some(cursor))),
        ..ListToolsRequest::default()
    };
    let note = Note::default();
    let asked = sessions.ask(endpoint, ClientRequest::ListToolsRequest(request), &note);
    asked.await.map_err(|setback| match setback {
        Setback::Answered(error) => failure::of_answer(endpoint, &error),
        Setback::Failed(failure) => note.explained(failure),
    })
}

struct Page {
    tools: Vec<Value>,
    next: Option<String>,
    ttl: Option<Duration>,
}

impl Page {
    /// One tool that is no tool makes the page unreadable to rmcp, but not to us.
    fn read(answer: ServerResult) -> Result<Self, ToolFailure> {
        let mut page = match answer {
            ServerResult::ListToolsResult(page) => {
                serde_json::to_value(page).map_err(|_| ToolFailure::Garbled)?
            }
            ServerResult::CustomResult(page) => page.0,
            _ => return Err(ToolFailure::Garbled),
        };
        let Value::Array(tools) = page["tools"].take() else {
            return Err(ToolFailure::Garbled);
        };
        Ok(Self {
            tools,
            next: page["nextCursor"].as_str().map(str::to_owned),
            ttl: page["ttlMs"].as_u64().map(Duration::from_millis),
        })
    }
}

fn bytes(tool: &Value) -> usize {
    tool.to_string().len()
}

/// Of tools with one name the first is meant.
fn without_repetition(offers: &mut Vec<ToolOffer>) {
    let mut seen = std::collections::HashSet::new();
    offers.retain(|offer| seen.insert(offer.name.clone()));
}
