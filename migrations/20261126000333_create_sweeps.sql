-- What one process does for all now and then, and when it was last begun.
create table sweeps (
    name     text        primary key,
    begun_at timestamptz not null,
    node_id  text        not null
);
