insert into runs
       (response_id, tenant_id, account_id, status, model, background, retention, conversation_id,
        previous_response_id, node_id, request, input, metadata, created_at, epoch)
select run.*, 0
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::boolean[],
              $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
              $13::jsonb[], $14::timestamptz[]) as run
