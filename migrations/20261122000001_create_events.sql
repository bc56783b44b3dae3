-- The event log: append only, one row per event, ordered by position.
--
-- The seven columns of postgres-es come first in its words; every other column has a default, so its
-- own insert would still work. `xid` stands before `position` because defaults are evaluated in
-- column order: a transaction has its id before it draws a position, which is what lets the feed
-- tell settled positions from those that may still appear.
create table events (
    aggregate_type text        not null,
    aggregate_id   text        not null,
    sequence       bigint      not null check (sequence > 0),
    event_type     text        not null,
    event_version  text        not null,
    payload        json        not null,
    metadata       json        not null,
    xid            xid8        not null default pg_current_xact_id(),
    position       bigint      generated always as identity,
    event_id       uuid        not null default gen_random_uuid(),
    recorded_at    timestamptz not null default clock_timestamp(),
    tenant_id      text        not null generated always as (metadata ->> 'tenant_id') stored,
    owner_id       text        generated always as (metadata ->> 'owner_id') stored,
    actor_id       text        generated always as (metadata ->> 'actor_id') stored,
    correlation_id text        generated always as (metadata ->> 'correlation_id') stored,
    causation_id   text        generated always as (metadata ->> 'causation_id') stored,
    command_id     text        generated always as (metadata ->> 'command_id') stored,
    constraint events_stream_key primary key (aggregate_type, aggregate_id, sequence)
);

create unique index events_position_key on events (position);

create function refuse_to_rewrite_history() returns trigger language plpgsql as $$
begin
    raise exception 'events are append only: % is refused', tg_op using errcode = 'insufficient_privilege';
end $$;

create trigger events_are_append_only before update or delete on events
    for each row execute function refuse_to_rewrite_history();
create trigger events_are_not_truncated before truncate on events
    for each statement execute function refuse_to_rewrite_history();
