-- Vectors are compared by pgvector where the server has it, by us where it has not or we may not
-- install it. Nothing is stored in its types, so a dump goes to a server without it.
do $$
begin
    if exists (select from pg_available_extensions where name = 'vector') then
        create extension if not exists vector;
    end if;
exception
    when others then
        raise notice 'pgvector is not used: %', sqlerrm;
end
$$;
