-- The data keys of owners, each wrapped by a master key that is not in this database. What is personal
-- in the event log is sealed under its owner's key, and unreadable for good once that is destroyed.
-- An owner has one key for life, and none after it.
create table owner_keys (
    key_id        text        primary key,
    tenant_id     text        not null,
    account_id    text        not null,
    master_key_id text,
    wrapped       bytea,
    created_at    timestamptz not null default clock_timestamp(),
    destroyed_at  timestamptz,
    constraint owner_keys_owner unique (tenant_id, account_id),
    constraint owner_keys_life check ((wrapped is null) = (destroyed_at is not null)
                                  and (wrapped is null) = (master_key_id is null))
);

create index owner_keys_destroyed on owner_keys (destroyed_at)
    where destroyed_at is not null;
