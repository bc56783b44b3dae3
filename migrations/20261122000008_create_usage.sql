-- What each account used, by model and by the UTC day on which a call was accepted.
create table usage (
    tenant_id        text   not null,
    account_id       text   not null,
    model            text   not null,
    day              date   not null,
    requests         bigint not null,
    completed        bigint not null,
    incomplete       bigint not null,
    failed           bigint not null,
    input_tokens     bigint not null,
    cached_tokens    bigint not null,
    output_tokens    bigint not null,
    reasoning_tokens bigint not null,
    primary key (tenant_id, account_id, model, day)
) with (fillfactor = 80);

-- Calls that have not ended: an ending says neither model nor day. A call that begins and ends
-- within one page of the feed never appears here.
create table usage_open_calls (
    response_id text primary key,
    tenant_id   text not null,
    account_id  text not null,
    model       text not null,
    day         date not null
);
