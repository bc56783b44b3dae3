-- Where a conversation was forked from. The read model is folded again from the first event under
-- its next version, into empty tables.
truncate conversations, conversation_items;

alter table conversations
    add column forked_from    text,
    add column forked_version bigint,
    add column forked_item    text,
    add column root_id        text;

create index conversations_by_root on conversations (root_id) where root_id is not null;

delete from projections where name = 'conversations';
delete from parked_events where name = 'conversations';
