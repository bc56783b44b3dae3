-- Owners that are, or are being, erased. From the moment a row is here, read models take in nothing of
-- its owner any more; whoever finds it unfinished finishes it.
create table erasures (
    tenant_id   text        not null,
    account_id  text        not null,
    planned_at  timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    primary key (tenant_id, account_id)
);
