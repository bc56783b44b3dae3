-- The streams of runs in the background, as they were told: a few events in each row. Nothing is
-- told before it is here, so whoever takes a run up knows what its readers may have seen.
create table stream_log (
    response_id    text        not null,
    first_sequence bigint      not null,
    events         text        not null,
    count          integer     not null check (count > 0),
    epoch          integer     not null,
    recorded_at    timestamptz not null default clock_timestamp(),
    primary key (response_id, first_sequence)
);

create index stream_log_recorded on stream_log (recorded_at);
