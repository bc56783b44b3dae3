-- Where a conversation was forked from. The read model is built anew under its next version; until that
-- takes its place, forks of before look like any conversation.
alter table conversations
    add column forked_from    text,
    add column forked_version bigint,
    add column forked_item    text,
    add column root_id        text;

create index conversations_by_root on conversations (root_id) where root_id is not null;
