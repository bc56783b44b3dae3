-- What searches of documents are confined to and filtered by. Documents that were indexed before have
-- neither; the projection's next version folds them anew.
alter table documents
    add column collection text,
    add column attributes jsonb not null default '{}';
