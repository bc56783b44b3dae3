-- Living server processes. A node id is never used twice, so a missing or expired row is a dead process.
create table nodes (
    node_id    text        primary key,
    started_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);
