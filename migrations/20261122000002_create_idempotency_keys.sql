-- Outcomes of requests that came with an `Idempotency-Key`.
create table idempotency_keys (
    tenant_id   text        not null,
    account_id  text        not null,
    route       text        not null,
    key         text        not null,
    body_hash   bytea       not null,
    node_id     text        not null,
    claimed_at  timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    status      smallint,
    body        bytea,
    primary key (tenant_id, account_id, route, key)
);

create index idempotency_keys_claimed_at on idempotency_keys (claimed_at);
