//! Search engines, each behind its own words, and the index behind all of them.

mod engines;
mod failures;
mod index;
mod real;

use std::sync::Arc;
use std::time::Duration;

use jan_commands::store::PageCache;
use jan_domain::Caller;
use jan_infra::clock::SystemClock;
use jan_infra::search::{EngineName, Found, Question, SearchSettings, Searcher};
use jan_tests::database::Database;
use jan_tests::scripted_web::ScriptedWeb;

/// A searcher over the engines of `settings` and an index of its own.
struct Subject {
    searcher: Searcher,
    _database: Database,
}

impl Subject {
    async fn over(settings: &SearchSettings) -> Self {
        let database = Database::fresh().await;
        let pages = Arc::new(PageCache::new(database.pool(2).await));
        let searcher = Searcher::try_new(settings, pages, Arc::new(SystemClock));
        Self {
            searcher: searcher.expect("a searcher"),
            _database: database,
        }
    }

    async fn ask(&self, question: &Question) -> Found {
        let owner = Caller::nobody().owner;
        let found = self.searcher.search(&owner, question, (None, false)).await;
        found.expect("an answer")
    }
}

/// One engine, at a scripted place.
fn engine(name: EngineName, web: &ScriptedWeb) -> SearchSettings {
    let mut settings = SearchSettings {
        timeout: Duration::from_secs(5),
        ..SearchSettings::default()
    };
    add(&mut settings, name, web);
    settings
}

fn add(settings: &mut SearchSettings, name: EngineName, web: &ScriptedWeb) {
    let keyed = match name {
        EngineName::Serper => &mut settings.serper,
        EngineName::Brave => &mut settings.brave,
        EngineName::Tavily => &mut settings.tavily,
        EngineName::Exa => &mut settings.exa,
        EngineName::Searxng => {
            settings.searxng_url = Some(web.base_url().to_owned());
            return;
        }
    };
    web.base_url().clone_into(&mut keyed.url);
    keyed.key = Some(jan_infra::secret::Secret::new("key-1".to_owned()));
}

fn question() -> Question {
    Question {
        text: "tides".to_owned(),
        results_max: 2,
        page: 1,
        ..Question::default()
    }
}
