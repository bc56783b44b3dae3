-- Seals: what makes the log's past provable. Each covers the settled events of a stretch of positions
-- by the root of a hash tree (RFC 6962), names the seal before it by hash, and is signed.
--
-- `leaves` are the events' hashes of 32 bytes each and `positions` their positions of 8 bytes each, so
-- that the first event that was tampered with can be named. `nodes` are the hashes of the tree over
-- all seals that this seal completes, the lowest first: the node (level, index) lies in the row
-- ((index + 1) << level), so any proof is a few look-ups by key.
create table event_seals (
    number        bigint      primary key check (number > 0),
    from_position bigint      not null,
    to_position   bigint      not null check (to_position >= from_position),
    event_count   bigint      not null check (event_count > 0),
    root          bytea       not null check (length(root) = 32),
    leaves        bytea       not null,
    positions     bytea       not null,
    previous      bytea       not null check (length(previous) = 32),
    nodes         bytea       not null,
    sealed_at     timestamptz not null,
    key_id        text        not null,
    signature     bytea       not null
);

create unique index event_seals_to_position on event_seals (to_position);

-- Hashes do not shrink, so nothing is tried.
alter table event_seals alter column leaves set storage external,
                        alter column positions set storage external;

-- Who seals: one row, on the database's clock. `last_number` moves with the last seal, in its
-- transaction: seals that were taken away from the end of the chain are missed.
create table event_sealer (
    only_row    boolean     primary key default true check (only_row),
    lease_owner text        not null,
    lease_until timestamptz not null,
    last_number bigint      not null default 0
) with (fillfactor = 20);

-- Seals are as append only as what they seal. No statement gets around these triggers: `on conflict do
-- update` and `merge` fire them, and there are no foreign keys to cascade along. What is left is DDL
-- by the table's owner (disabling or dropping a trigger, rewriting a column's type, dropping the table)
-- and `session_replication_role = replica` by a superuser. Seals are there to catch those.
create or replace function refuse_to_rewrite_history() returns trigger language plpgsql as $$
begin
    raise exception '% are append only: % is refused', replace(tg_table_name, '_', ' '), tg_op
          using errcode = 'insufficient_privilege';
end $$;

create trigger event_seals_are_append_only before update or delete on event_seals
    for each row execute function refuse_to_rewrite_history();
create trigger event_seals_are_not_truncated before truncate on event_seals
    for each statement execute function refuse_to_rewrite_history();
