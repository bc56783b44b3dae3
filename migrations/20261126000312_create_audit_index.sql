-- What the log is searched by. The sealing node fills it behind the appends, so that an append pays
-- for no index of it; a search reads what is not here yet from the log itself. It can be emptied and
-- filled again: set `event_sealer.indexed_through` back to 0.
create table audit_index (
    position       bigint      primary key,
    tenant_id      text        not null,
    owner_id       text,
    actor_id       text,
    api_key_id     text,
    request_id     text,
    correlation_id text,
    aggregate_type text        not null,
    aggregate_id   text        not null,
    sequence       bigint      not null,
    event_type     text        not null,
    recorded_at    timestamptz not null
);

create index audit_index_owner on audit_index (tenant_id, owner_id, position);
create index audit_index_actor on audit_index (actor_id, position);
create index audit_index_api_key on audit_index (api_key_id, position) where api_key_id is not null;
create index audit_index_request on audit_index (request_id, position) where request_id is not null;
create index audit_index_correlation on audit_index (correlation_id, position);
create index audit_index_stream on audit_index (aggregate_id, position);
create index audit_index_event_type on audit_index (event_type, position);
create index audit_index_recorded_at on audit_index (recorded_at);

alter table event_sealer add column indexed_through bigint not null default 0;
