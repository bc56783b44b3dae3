-- Tool servers that administrators have added, beside those of the operator's file. `sealed` holds their
-- keys.
create table added_tool_servers (
    label         text        primary key,
    url           text        not null,
    auth          text        not null,
    client_id     text,
    scopes        text[]      not null,
    allowed_tools text[]      not null,
    pin           text,
    sealed        bytea       not null,
    added_at      timestamptz not null default clock_timestamp(),
    changed_at    timestamptz not null default clock_timestamp()
);
