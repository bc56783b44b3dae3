insert into responses
       (response_id, tenant_id, account_id, surface, status, model, node_id, conversation_id,
        retention, request, created_at, metadata, answer, ended_at, input_tokens, cached_tokens,
        output_tokens, reasoning_tokens, first_token_ms, total_ms, failure_kind, failure_message)
select *
  from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::text[], $9::text[], $10::text[], $11::timestamptz[], $12::jsonb[], $13::text[],
              $14::timestamptz[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[],
              $19::bigint[], $20::bigint[], $21::text[], $22::text[])
