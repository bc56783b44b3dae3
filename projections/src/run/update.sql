update runs as row
   set status = coalesce(change.status, row.status),
       node_id = coalesce(change.node_id, row.node_id),
       epoch = coalesce(change.epoch, row.epoch),
       metadata = coalesce(change.metadata, row.metadata),
       output = case when row.retention = 'stored' then coalesce(change.output, row.output) end,
       ended_at = coalesce(change.ended_at, row.ended_at),
       usage = coalesce(change.usage, row.usage),
       timing = coalesce(change.timing, row.timing),
       incomplete_reason = coalesce(change.incomplete_reason, row.incomplete_reason),
       failure = coalesce(change.failure, row.failure)
  from unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::jsonb[], $6::text[],
              $7::timestamptz[], $8::jsonb[], $9::jsonb[], $10::text[], $11::jsonb[])
       as change (id, status, node_id, epoch, metadata, output, ended_at, usage, timing,
                  incomplete_reason, failure)
 where row.response_id = change.id
