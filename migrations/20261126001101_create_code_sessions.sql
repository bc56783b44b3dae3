-- What sessions of programs hold, so that any process goes on with them: pictures that their runner
-- takes. Not a projection: nothing of them is in the log. Each is sealed under its owner's key, gone
-- when it has been idle for too long, and erased with its owner.
create table code_sessions (
    tenant_id    text        not null,
    account_id   text        not null,
    -- SHA-256 of the name that its owner gave it.
    session_hash bytea       not null,
    -- Counts the programs. Of two that ran at once, one keeps what it changed.
    version      bigint      not null check (version > 0),
    -- Null where nothing is sealed.
    key_id       text,
    picture      bytea       not null,
    used_at      timestamptz not null default clock_timestamp(),
    primary key (tenant_id, account_id, session_hash)
);

-- Ciphertext does not get smaller.
alter table code_sessions alter column picture set storage external;
create index code_sessions_used_at on code_sessions (used_at);
