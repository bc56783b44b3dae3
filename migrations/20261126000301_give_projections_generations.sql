-- A read model is built anew beside the live one: each of its lives is a generation. `version` says
-- which fold made it. The tables of the live generation are in `public`, those of any other in the
-- schema `projection_<name>_<generation>`, under the same names.
--
-- `building`  is being made; its tables lack indexes until everything up to `target` is in.
-- `live`      answers reads.
-- `standby`   was live before, and follows the log in case it has to be again.
-- `failed`    could not be made; `last_error` says why. It has no tables.
delete from projections as old
 using projections as new
 where new.name = old.name
   and new.version > old.version;
delete from parked_events as parked
 where not exists (select from projections as live
                    where live.name = parked.name
                      and live.version = parked.version);

alter table projections
    drop constraint projections_pkey,
    add column generation   integer     not null default 1,
    add column status       text        not null default 'live'
        check (status in ('building', 'live', 'standby', 'failed')),
    -- Of a build: whether it is to become live, or only to be compared and dropped.
    add column replaces     boolean     not null default true,
    add column phase        text,
    add column target       bigint,
    add column events_total bigint,
    add column started_at   timestamptz,
    add primary key (name, generation);
alter table projections
    alter column generation drop default,
    alter column status drop default;
create unique index projections_live on projections (name) where status = 'live';
create unique index projections_standby on projections (name) where status = 'standby';
create unique index projections_building on projections (name) where status = 'building';

alter table parked_events rename column version to generation;
update parked_events set generation = 1;

-- The parts of a build that are read at once: ranges of streams, in the order of their ids. All
-- streams after `range_start` up to `cursor` are in. Without `range_end` a range goes on for ever.
create table projection_shards (
    name        text    not null,
    generation  integer not null,
    shard       integer not null,
    range_start text    not null,
    range_end   text,
    cursor      text    not null,
    events_done bigint  not null default 0,
    finished    boolean not null default false,
    primary key (name, generation, shard)
) with (fillfactor = 20);
