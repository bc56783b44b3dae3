//! The index of pages that were read here, on a real database.

use chrono::{DateTime, TimeDelta, Utc};
use jan_commands::store::PageCache;
use jan_domain::caller::Owner;
use jan_domain::id::AccountId;
use jan_domain::ports::{KeptPage, PageQuery, PageStore};
use jan_tests::database::Database;
use serde_json::{Map, json};

fn owner(account: &str) -> Owner {
    Owner {
        account: AccountId::parse(account).unwrap(),
        ..jan_domain::Caller::nobody().owner
    }
}

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn page(url: &str, title: &str, text: &str) -> KeptPage {
    KeptPage {
        url: url.to_owned(),
        found_at: url.to_owned(),
        title: title.to_owned(),
        text: text.to_owned(),
        markdown: text.to_owned(),
        metadata: Map::from_iter([("a".to_owned(), json!([1]))]),
        etag: Some("\"1\"".to_owned()),
        last_modified: None,
        shared: true,
        fetched_at: noon(),
    }
}

fn query(account: &str, text: &str) -> PageQuery {
    PageQuery {
        owner: owner(account),
        text: text.to_owned(),
        hosts: Vec::new(),
        since: None,
        limit: 10,
        offset: 0,
    }
}

async fn found(pages: &PageCache, query: &PageQuery) -> Vec<String> {
    let hits = pages.search(query).await.unwrap();
    hits.into_iter().map(|hit| hit.url).collect()
}

#[tokio::test]
async fn pages_are_found_by_what_they_say_best_first() {
    let database = Database::fresh().await;
    let pages = PageCache::new(database.pool(2).await);
    let tides = "https://coast.example/tides";
    let boats = "https://www.boats.example:8443/b";
    for page in [
        page(
            tides,
            "Tides",
            "The harbours fill twice a day. Käse und Größe 4711-AB.",
        ),
        page(boats, "Boats", "Boats rise with the tides, says one."),
        page("https://other.example/", "Other", "Nothing of that."),
    ] {
        pages.keep(&owner("user_a"), &page).await.unwrap();
    }
    assert_eq!(
        found(&pages, &query("user_b", "tide")).await,
        [tides, boats]
    );
    assert_eq!(
        found(&pages, &query("user_b", "what is the harbour")).await,
        [tides]
    );
    assert_eq!(found(&pages, &query("user_b", "größe")).await, [tides]);
    assert_eq!(
        found(&pages, &query("user_b", "\"rise with\" -harbour")).await,
        [boats]
    );
    for nothing in [
        "",
        "zebra",
        "'); drop table web_pages; --",
        "\0".trim_matches('\0'),
        "!!!",
    ] {
        assert!(
            found(&pages, &query("user_b", nothing)).await.is_empty(),
            "{nothing:?}"
        );
    }
    let of_host = PageQuery {
        hosts: vec!["boats.example".to_owned(), "example.com".to_owned()],
        ..query("user_b", "tides")
    };
    assert_eq!(found(&pages, &of_host).await, [boats]);
    let second = PageQuery {
        offset: 1,
        limit: 1,
        ..query("user_b", "tides")
    };
    assert_eq!(found(&pages, &second).await, [boats]);
    let lately = PageQuery {
        since: Some(noon() + TimeDelta::hours(1)),
        ..query("user_b", "tides")
    };
    assert!(found(&pages, &lately).await.is_empty());
    let hit = pages
        .search(&query("user_b", "boats"))
        .await
        .unwrap()
        .remove(0);
    assert_eq!(
        (hit.title.as_str(), hit.snippet.as_str()),
        ("Boats", "Boats rise with the tides, says")
    );
}

#[tokio::test]
async fn what_is_not_for_everybody_is_found_by_whoever_read_it() {
    let database = Database::fresh().await;
    let pages = PageCache::new(database.pool(2).await);
    let url = "https://coast.example/mine?key=1";
    let mine = KeptPage {
        shared: false,
        ..page(url, "Mine", "my own harbour")
    };
    pages.keep(&owner("user_a"), &mine).await.unwrap();
    assert_eq!(found(&pages, &query("user_a", "harbour")).await, [url]);
    assert!(found(&pages, &query("user_b", "harbour")).await.is_empty());
    assert_eq!(
        pages.find(&owner("user_a"), url).await.unwrap(),
        Some(mine.clone())
    );
    assert_eq!(pages.find(&owner("user_b"), url).await.unwrap(), None);
    let shared = page(url, "Everybody's", "a public pier");
    pages.keep(&owner("user_b"), &shared).await.unwrap();
    assert_eq!(pages.find(&owner("user_a"), url).await.unwrap(), Some(mine));
    assert_eq!(
        pages.find(&owner("user_c"), url).await.unwrap(),
        Some(shared)
    );
}

#[tokio::test]
async fn old_pages_and_those_beyond_the_number_are_forgotten() {
    let database = Database::fresh().await;
    let pool = database.pool(2).await;
    let pages = PageCache::new(pool.clone());
    let owner = owner("user_a");
    let now: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()")
        .fetch_one(&pool)
        .await
        .unwrap();
    for (at, days) in [(1, 0), (2, 1), (3, 2), (4, 40)] {
        let page = KeptPage {
            fetched_at: now - TimeDelta::days(days),
            ..page(&format!("https://a.example/{at}"), "A", "harbour")
        };
        pages.keep(&owner, &page).await.unwrap();
    }
    let month = std::time::Duration::from_hours(30 * 24);
    assert_eq!(pages.prune(month, 100).await.unwrap(), 1);
    assert_eq!(pages.prune(month, 2).await.unwrap(), 1);
    assert_eq!(pages.prune(month, 2).await.unwrap(), 0);
    assert_eq!(found(&pages, &query("user_a", "harbour")).await.len(), 2);
    let large = page(
        "https://a.example/large",
        "L",
        &"wörter und zahlen 12345 ".repeat(10_000),
    );
    pages.keep(&owner, &large).await.unwrap();
}
