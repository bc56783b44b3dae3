-- Where each projection stands. `position` is the last position that is folded in. The rows are few
-- and updated all day, so their pages keep room for the next version (no index is ever touched).
create table projections (
    name        text        not null,
    version     integer     not null,
    position    bigint      not null default 0,
    event_count bigint      not null default 0,
    lease_owner text,
    lease_epoch bigint      not null default 0,
    lease_until timestamptz,
    updated_at  timestamptz not null default clock_timestamp(),
    last_error  text,
    primary key (name, version)
) with (fillfactor = 20);

-- Events a projection could not fold, and every later event of their streams.
create table parked_events (
    name           text        not null,
    version        integer     not null,
    position       bigint      not null,
    aggregate_type text        not null,
    aggregate_id   text        not null,
    error          text        not null,
    attempts       integer     not null,
    parked_at      timestamptz not null default clock_timestamp(),
    primary key (name, version, position)
);

create index parked_events_stream on parked_events (name, version, aggregate_type, aggregate_id);
