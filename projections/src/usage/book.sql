insert into usage as row
       (tenant_id, account_id, model, day, requests, completed, incomplete, failed,
        input_tokens, cached_tokens, output_tokens, reasoning_tokens)
select *
  from unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::bigint[], $6::bigint[],
              $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
              $12::bigint[])
on conflict (tenant_id, account_id, model, day) do update
   set requests = row.requests + excluded.requests,
       completed = row.completed + excluded.completed,
       incomplete = row.incomplete + excluded.incomplete,
       failed = row.failed + excluded.failed,
       input_tokens = row.input_tokens + excluded.input_tokens,
       cached_tokens = row.cached_tokens + excluded.cached_tokens,
       output_tokens = row.output_tokens + excluded.output_tokens,
       reasoning_tokens = row.reasoning_tokens + excluded.reasoning_tokens
