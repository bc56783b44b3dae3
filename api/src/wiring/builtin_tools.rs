use std::sync::Arc;

use jan_commands::store::{CodeSessions, OwnerKeys, PageCache};
use jan_domain::ports::{Clock, DocumentStore, PageStore, ToolHost};
use jan_infra::builtin::{
    BuiltinTool, BuiltinTools, FileSearchIndex, FileSearchQuery, GoogleSearch, Scrape,
};
use jan_infra::clock::SystemClock;
use jan_infra::code::CodeSettings;
use jan_infra::database::Pool;
use jan_infra::scrape::{ScrapeSettings, Scraper};
use jan_infra::search::{SearchSettings, SearchSetupError, Searcher};

use super::documents::Documents;
use crate::state::SearchPlaces;

/// Puts our own tools, as far as they are wanted, before those of `servers`.
pub fn builtin_tools(
    pool: &Pool,
    servers: Arc<dyn ToolHost>,
    search: &SearchSettings,
    scrape: &ScrapeSettings,
) -> Result<Arc<dyn ToolHost>, SearchSetupError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let pages: Arc<dyn PageStore> = Arc::new(PageCache::new(pool.clone()));
    let mut tools: Vec<Arc<dyn BuiltinTool>> = Vec::new();
    if search.enabled {
        let searcher = Searcher::try_new(search, Arc::clone(&pages), Arc::clone(&clock))?;
        tools.push(Arc::new(GoogleSearch::new(searcher, Arc::clone(&clock))));
    }
    if scrape.enabled {
        let scraper = Scraper::try_new(scrape, pages, clock)?;
        tools.push(Arc::new(Scrape::new(scraper, scrape.preview_chars_max)));
    }
    Ok(Arc::new(BuiltinTools::before(servers, tools)))
}

/// What of a caller's place makes a difference to a search by these settings.
pub fn search_places(settings: &SearchSettings) -> SearchPlaces {
    SearchPlaces {
        countries: settings.knows_countries(),
        places: settings.knows_places(),
    }
}

/// Where sessions of programs are kept, so that any process goes on with them.
pub fn code_sessions(settings: &CodeSettings, pool: &Pool, keys: &OwnerKeys) -> CodeSessions {
    let (idle, most) = (settings.session_idle, settings.sessions_max);
    CodeSessions::new(pool.clone(), Arc::new(keys.clone()), idle, most)
}

/// Puts the tools over `documents`, if they are wanted, before those of `servers`.
pub(super) fn file_search_tools(
    servers: Arc<dyn ToolHost>,
    documents: Documents,
) -> Arc<dyn ToolHost> {
    if !documents.settings.enabled {
        return servers;
    }
    let documents: Arc<dyn DocumentStore> = Arc::new(documents);
    let tools: Vec<Arc<dyn BuiltinTool>> = vec![
        Arc::new(FileSearchIndex::new(Arc::clone(&documents))),
        Arc::new(FileSearchQuery::new(documents)),
    ];
    Arc::new(BuiltinTools::before(servers, tools))
}
