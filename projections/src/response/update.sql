update responses as row
   set status = coalesce(change.status, row.status),
       metadata = coalesce(change.metadata, row.metadata),
       answer = case when row.retention = 'stored' and row.surface = 'chat_completions'
                     then coalesce(change.answer, row.answer) end,
       ended_at = coalesce(change.ended_at, row.ended_at),
       input_tokens = coalesce(change.input_tokens, row.input_tokens),
       cached_tokens = coalesce(change.cached_tokens, row.cached_tokens),
       output_tokens = coalesce(change.output_tokens, row.output_tokens),
       reasoning_tokens = coalesce(change.reasoning_tokens, row.reasoning_tokens),
       first_token_ms = coalesce(change.first_token_ms, row.first_token_ms),
       total_ms = coalesce(change.total_ms, row.total_ms),
       failure_kind = coalesce(change.failure_kind, row.failure_kind),
       failure_message = coalesce(change.failure_message, row.failure_message)
  from unnest($1::text[], $2::text[], $3::jsonb[], $4::text[], $5::timestamptz[], $6::bigint[],
              $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[],
              $12::text[], $13::text[])
       as change (id, status, metadata, answer, ended_at, input_tokens, cached_tokens,
                  output_tokens, reasoning_tokens, first_token_ms, total_ms, failure_kind,
                  failure_message)
 where row.response_id = change.id
