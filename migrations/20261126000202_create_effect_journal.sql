-- What came of effects, written before the event that tells it: the first outcome of a step stands,
-- also when the process that brought it about has lost its run meanwhile.
create table effect_journal (
    step_id     text        primary key,
    response_id text        not null,
    epoch       integer     not null,
    outcome     text        not null,
    took_ms     bigint      not null,
    recorded_at timestamptz not null default clock_timestamp()
);

create index effect_journal_recorded on effect_journal (recorded_at);

-- What opens the doors of a run's tool servers, sealed; gone with the run's end.
create table run_secrets (
    response_id text        primary key,
    sealed      bytea       not null,
    created_at  timestamptz not null default clock_timestamp()
);
