with template as
       (select *
          from unnest($1::text[], $2::text[], $3::text[], $4::text[])
               with ordinality as t (aggregate_type, id, event_type, payload, kind)),
     place as
       (select number, exchange, kind
          from generate_series($6::bigint, $7::bigint) as number
         cross join generate_series(0, $8::bigint) as exchange
         cross join generate_series(1, 4) as kind
         where (exchange = 0) = (kind = 1))
insert into events
       (aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata)
select aggregate_type,
       replace(replace(id, '77770000', lpad(number::text, 8, '0')), '88880000', exchange::text),
       case kind when 1 then 1 when 2 then 1 when 3 then 2 else exchange + 1 end,
       event_type,
       '1.0',
       replace(replace(replace(payload, '77770000', lpad(number::text, 8, '0')),
                       '88880000', exchange::text),
               'user_synthetic0', 'user_synthetic' || (number % 10))::json,
       $5::json
  from place
  join template using (kind)
 order by exchange, number, kind
