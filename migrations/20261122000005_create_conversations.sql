-- Read model of conversations and their items.
--
-- `items_added` counts every item ever added, so that an item's ordinal is known without counting
-- and never given out again after a deletion.
create table conversations (
    conversation_id text        primary key,
    tenant_id       text        not null,
    account_id      text        not null,
    title           text,
    referrer        text,
    metadata        jsonb       not null,
    items_added     bigint      not null,
    created_at      timestamptz not null,
    updated_at      timestamptz not null
);

create index conversations_by_owner on conversations (tenant_id, account_id, created_at, conversation_id);

-- `body` is the item as JSON text, answered as it stands.
create table conversation_items (
    conversation_id text        not null,
    ordinal         bigint      not null,
    item_id         text        not null,
    body            text        not null,
    created_at      timestamptz not null,
    primary key (conversation_id, ordinal),
    constraint conversation_items_id_key unique (conversation_id, item_id)
);
