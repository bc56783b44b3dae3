-- Read model of model calls. Content is here only when the caller may read it back
-- (`retention = 'stored'`); everything else stays in the event log.
create table responses (
    response_id      text        primary key,
    tenant_id        text        not null,
    account_id       text        not null,
    surface          text        not null,
    status           text        not null,
    model            text        not null,
    node_id          text        not null,
    conversation_id  text,
    retention        text        not null,
    metadata         jsonb       not null,
    request          text,
    answer           text,
    created_at       timestamptz not null,
    ended_at         timestamptz,
    input_tokens     bigint,
    cached_tokens    bigint,
    output_tokens    bigint,
    reasoning_tokens bigint,
    first_token_ms   bigint,
    total_ms         bigint,
    failure_kind     text,
    failure_message  text
);

-- Most calls are never listed and end within milliseconds: both indexes leave those alone.
create index responses_stored on responses (tenant_id, account_id, created_at, response_id)
    where retention = 'stored';
create index responses_open on responses (created_at)
    where status = 'in_progress';
