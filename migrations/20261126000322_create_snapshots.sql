-- States of long streams, put away so that a load need not begin with the first event. Advisory: a row
-- may be deleted at any time, and is ignored when its schema is not the program's. `state` is large and
-- read whole, so it is kept uncompressed.
create table snapshots (
    aggregate_type text        not null,
    aggregate_id   text        not null,
    version        bigint      not null check (version > 0),
    schema_hash    text        not null,
    state          text        not null,
    taken_at       timestamptz not null default clock_timestamp(),
    primary key (aggregate_type, aggregate_id)
);

alter table snapshots alter column state set storage external;
