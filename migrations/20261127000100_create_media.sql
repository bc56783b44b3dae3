-- Read model of what callers keep in the object store. The bytes are there; the truth is in the events.
create table media (
    media_id   text        primary key,
    tenant_id  text        not null,
    account_id text        not null,
    -- prepared: bytes may come. kept: they can be read. leaving: they cannot, and may still lie there.
    state      text        not null,
    -- When it is to be looked at: the deadline of what is prepared, the end of what is kept, and the
    -- moment at which what is leaving was given up.
    due_at     timestamptz,
    file_name  text,
    purpose    text        not null,
    media_type text,
    bytes      bigint,
    -- Of the bytes, in hex digits.
    sha256     text,
    width      integer,
    height     integer,
    created_at timestamptz not null
);

create index media_by_owner on media (tenant_id, account_id, created_at, media_id);
create index media_by_due on media (due_at) where due_at is not null;
