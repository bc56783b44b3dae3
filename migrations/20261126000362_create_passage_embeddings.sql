-- What passages mean, as vectors of unit length. A cache beside the read model: all of it may be
-- deleted at any time, and is made again. An empty vector is of a text that its model refuses.
create table passage_embeddings (
    tenant_id  text   not null,
    account_id text   not null,
    body_hash  text   not null,
    model      text   not null,
    vector     real[] not null,
    primary key (tenant_id, account_id, body_hash, model)
);
