-- Pages of the web that were read here. A cache: all of it may be deleted at any time.
create table web_pages (
    tenant_id     text        not null,
    -- Empty for pages that everybody of the tenant may be told of.
    account_id    text        not null,
    url_hash      bytea       not null,
    url           text        not null,
    found_at      text        not null,
    host          text        not null,
    title         text        not null,
    body          text        not null,
    markdown      text        not null,
    metadata      json        not null,
    etag          text,
    last_modified text,
    fetched_at    timestamptz not null,
    -- Once as English, once as it stands: for names, numbers and every other language. The beginning
    -- of a page is enough, and all that a tsvector surely holds.
    words         tsvector    not null generated always as (
        setweight(to_tsvector('english', title), 'A')
        || setweight(to_tsvector('simple', title), 'A')
        || to_tsvector('english', left(body, 50000))
        || to_tsvector('simple', left(body, 50000))
    ) stored,
    primary key (tenant_id, account_id, url_hash)
);

create index web_pages_words on web_pages using gin (words);
create index web_pages_fetched_at on web_pages (fetched_at);
