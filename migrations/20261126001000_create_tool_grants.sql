-- What opens tool servers to single callers, sealed under their own keys.
create table tool_grants (
    tenant_id  text        not null,
    account_id text        not null,
    grant_id   text        not null,
    server     text        not null,
    kind       text        not null,
    scopes     text[]      not null,
    expires_at timestamptz,
    sealed     text        not null,
    kept_at    timestamptz not null default clock_timestamp(),
    primary key (tenant_id, account_id, grant_id)
);

-- What is needed once a person comes back from an authorization server, sealed likewise; a state is
-- kept as its hash.
create table awaited_authorizations (
    state_hash text        primary key,
    tenant_id  text        not null,
    account_id text        not null,
    server     text        not null,
    sealed     text        not null,
    until      timestamptz not null
);

create index awaited_authorizations_until on awaited_authorizations (until);
