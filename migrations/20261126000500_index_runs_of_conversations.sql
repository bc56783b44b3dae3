-- The responses of one conversation, the newest first: GraphQL shows them beside it.
create index runs_of_conversations on runs (conversation_id, created_at, response_id)
    where retention = 'stored' and conversation_id is not null;
