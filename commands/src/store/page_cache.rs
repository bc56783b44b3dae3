//! Pages of the web that were read here, and the index over them.
//!
//! Not a projection: a run's record holds what the run was told of a page, which may be less than the
//! page, and folding megabytes of other people's pages from the log would make the log their archive.
//! So this is a cache beside the log, written when a page is read and pruned by age and number.

use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::ports::{KeptPage, PageHit, PageQuery, PageStore, ReadFailure};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgPool, Row};
use tokio_util::sync::CancellationToken;

/// Pause between two prunings.
const PRUNE_EVERY: Duration = Duration::from_hours(1);
/// In place of an account: for everybody of the tenant.
const EVERYBODY: &str = "";

/// The table of pages.
#[derive(Debug, Clone)]
pub struct PageCache {
    pool: PgPool,
}

impl PageCache {
    /// The pages in this database.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Forgets pages that were read longer ago than `kept`, and the oldest beyond `pages_max`; answers
    /// how many.
    pub async fn prune(&self, kept: Duration, pages_max: u32) -> Result<u64, sqlx::Error> {
        let sql = r"
            delete from web_pages
             where fetched_at < clock_timestamp() - make_interval(secs => $1)
                or fetched_at <= (select fetched_at
                                   from web_pages
                                  order by fetched_at desc
                                 offset $2
                                  limit 1)";
        let pruned = sqlx::query(sql)
            .bind(kept.as_secs_f64())
            .bind(i64::from(pages_max))
            .execute(&self.pool)
            .await?;
        Ok(pruned.rows_affected())
    }

    /// Prunes every hour until told to stop.
    pub async fn keep_pruning(self, kept: Duration, pages_max: u32, stop: CancellationToken) {
        while !stop.is_cancelled() {
            match self.prune(kept, pages_max).await {
                Ok(0) => {}
                Ok(forgotten) => tracing::info!(forgotten, "old pages of the web were forgotten"),
                Err(error) => tracing::warn!(error = %error, "old pages of the web stay for now"),
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PRUNE_EVERY) => {}
            }
        }
    }

    async fn find_page(&self, owner: &Owner, url: &str) -> Result<Option<KeptPage>, sqlx::Error> {
        // Somebody's own comes first.
        let sql = r"
            select *
              from web_pages
             where tenant_id = $1
               and account_id in ($2, $3)
               and url_hash = $4
             order by account_id desc
             limit 1";
        let row = sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(owner.account.as_str())
            .bind(EVERYBODY)
            .bind(hash(url))
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| page(&row)).transpose()
    }

    async fn keep_page(&self, owner: &Owner, page: &KeptPage) -> Result<(), sqlx::Error> {
        let sql = r"
            insert into web_pages (tenant_id, account_id, url_hash, url, found_at, host, title, body,
                                   markdown, metadata, etag, last_modified, fetched_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                on conflict (tenant_id, account_id, url_hash) do update
               set (found_at, host, title, body, markdown, metadata, etag, last_modified, fetched_at)
                 = (excluded.found_at, excluded.host, excluded.title, excluded.body,
                    excluded.markdown, excluded.metadata, excluded.etag, excluded.last_modified,
                    excluded.fetched_at)";
        let account = owner.account.as_str();
        sqlx::query(sql)
            .bind(owner.tenant.as_str())
            .bind(if page.shared { EVERYBODY } else { account })
            .bind(hash(&page.url))
            .bind(&page.url)
            .bind(&page.found_at)
            .bind(host(&page.found_at))
            .bind(&page.title)
            .bind(&page.text)
            .bind(&page.markdown)
            .bind(Json(&page.metadata))
            .bind(&page.etag)
            .bind(&page.last_modified)
            .bind(page.fetched_at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn search_pages(&self, query: &PageQuery) -> Result<Vec<PageHit>, sqlx::Error> {
        let sql = r#"
            with asked as (
                select websearch_to_tsquery('english', $1) || websearch_to_tsquery('simple', $1) as words
            ), found as (
                select url, title, body, fetched_at, ts_rank_cd(web_pages.words, asked.words, 1) as score
                  from web_pages, asked
                 where tenant_id = $2
                   and account_id in ($3, $4)
                   and web_pages.words @@ asked.words
                   and (cardinality($5::text[]) = 0
                        or exists (select from unnest($5::text[]) as wanted
                                    where right('.' || host, length(wanted) + 1) = '.' || wanted))
                   and ($6::timestamptz is null or fetched_at >= $6)
                 order by score desc, fetched_at desc, url
                 limit $7
                offset $8
            )
            select url, title, score, fetched_at,
                       ts_headline('english', left(body, 20000), asked.words,
                               'StartSel="", StopSel="", MaxFragments=3, MaxWords=30,
                                MinWords=10, FragmentDelimiter=" … "') as snippet
              from found, asked
             order by score desc, fetched_at desc, url"#;
        let rows = sqlx::query(sql)
            .bind(&query.text)
            .bind(query.owner.tenant.as_str())
            .bind(query.owner.account.as_str())
            .bind(EVERYBODY)
            .bind(&query.hosts)
            .bind(query.since)
            .bind(i64::from(query.limit))
            .bind(i64::from(query.offset))
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(hit).collect()
    }
}

impl PageStore for PageCache {
    fn find<'a>(
        &'a self,
        owner: &'a Owner,
        url: &'a str,
    ) -> BoxFuture<'a, Result<Option<KeptPage>, ReadFailure>> {
        let found = self.find_page(owner, url);
        found.map(|found| found.map_err(failure)).boxed()
    }

    fn keep<'a>(
        &'a self,
        owner: &'a Owner,
        page: &'a KeptPage,
    ) -> BoxFuture<'a, Result<(), ReadFailure>> {
        let kept = self.keep_page(owner, page);
        kept.map(|kept| kept.map_err(failure)).boxed()
    }

    fn search<'a>(
        &'a self,
        query: &'a PageQuery,
    ) -> BoxFuture<'a, Result<Vec<PageHit>, ReadFailure>> {
        let found = self.search_pages(query);
        found.map(|found| found.map_err(failure)).boxed()
    }
}

fn failure(error: sqlx::Error) -> ReadFailure {
    ReadFailure(error.into())
}

fn hash(url: &str) -> Vec<u8> {
    Sha256::digest(url.as_bytes()).to_vec()
}

/// The host of an address that has been vetted, so that there is one.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn page(row: &PgRow) -> Result<KeptPage, sqlx::Error> {
    let Json(metadata): Json<Map<String, Value>> = row.try_get("metadata")?;
    let account: String = row.try_get("account_id")?;
    Ok(KeptPage {
        url: row.try_get("url")?,
        found_at: row.try_get("found_at")?,
        title: row.try_get("title")?,
        text: row.try_get("body")?,
        markdown: row.try_get("markdown")?,
        metadata,
        etag: row.try_get("etag")?,
        last_modified: row.try_get("last_modified")?,
        shared: account == EVERYBODY,
        fetched_at: row.try_get("fetched_at")?,
    })
}

fn hit(row: &PgRow) -> Result<PageHit, sqlx::Error> {
    Ok(PageHit {
        url: row.try_get("url")?,
        title: row.try_get("title")?,
        snippet: row.try_get("snippet")?,
        score: row.try_get("score")?,
        fetched_at: row.try_get("fetched_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn a_host_has_neither_port_nor_path() {
        for (url, expected) in [
            ("https://a.example/b:c?d", "a.example"),
            ("http://a.example:8080", "a.example"),
            ("http://[::1]:80/", "[::1]"),
            ("http://[2606:4700::1111]/", "[2606:4700::1111]"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
