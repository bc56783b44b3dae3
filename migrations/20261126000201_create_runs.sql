-- Read model of responses of several steps. Content is here only when the caller may read it back.
create table runs (
    response_id          text        primary key,
    tenant_id            text        not null,
    account_id           text        not null,
    status               text        not null,
    model                text        not null,
    background           boolean     not null,
    retention            text        not null,
    conversation_id      text,
    previous_response_id text,
    node_id              text,
    epoch                integer     not null,
    request              text,
    input                text,
    output               text,
    metadata             jsonb       not null,
    created_at           timestamptz not null,
    ended_at             timestamptz,
    usage                jsonb,
    timing               jsonb,
    incomplete_reason    text,
    failure              jsonb
);

create index runs_listed on runs (tenant_id, account_id, created_at, response_id)
    where retention = 'stored';
create index runs_open on runs (created_at)
    where status in ('queued', 'in_progress');

-- Their steps, in order, as they were planned and as they ended.
create table run_steps (
    response_id text        not null,
    index       integer     not null,
    step_id     text        not null,
    work        text        not null,
    status      text        not null,
    outcome     text,
    planned_at  timestamptz not null,
    ended_at    timestamptz,
    took_ms     bigint,
    primary key (response_id, index)
);

create unique index run_steps_step on run_steps (step_id);
