-- Read model of accounts, and the sessions whose access tokens are refused before they expire.
create table accounts (
    account_id text        primary key,
    tenant_id  text        not null,
    username   text        not null,
    kind       text        not null,
    created_at timestamptz not null
);

create table closed_sessions (
    session_id text        primary key,
    account_id text        not null,
    closed_at  timestamptz not null
);
