-- Read model of documents that their owners have given to be searched, and the passages they are
-- searched by.
create table documents (
    document_id text        primary key,
    tenant_id   text        not null,
    account_id  text        not null,
    -- What the owner calls it.
    name        text        not null,
    metadata    jsonb       not null,
    tags        jsonb       not null,
    text_bytes  integer     not null,
    passages    integer     not null,
    indexed_at  timestamptz not null
);

create index documents_by_owner on documents (tenant_id, account_id, indexed_at, document_id);

create table document_passages (
    document_id text     not null,
    -- From 0. Neighbours overlap.
    ordinal     integer  not null,
    tenant_id   text     not null,
    account_id  text     not null,
    body        text     not null,
    -- SHA-256 of the body, in hex digits.
    body_hash   text     not null,
    -- Once as English, once as it stands: for names, numbers and every other language.
    words       tsvector not null generated always as (
        to_tsvector('english', body) || to_tsvector('simple', body)
    ) stored,
    primary key (document_id, ordinal)
);

create index document_passages_words on document_passages using gin (words);
create index document_passages_by_owner on document_passages (tenant_id, account_id);
