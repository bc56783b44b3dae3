with words as (
    select websearch_to_tsquery('english', $1) || websearch_to_tsquery('simple', $1) as every
), asked as (
    -- Passages with some of the words come after those with all; where one is unwanted, all count.
    select every,
           case when strpos(every::text, '!') > 0 then every
                else replace(every::text, '&', '|')::tsquery end as some
      from words
), found as (
    select passage.document_id, passage.ordinal, passage.body,
           (ts_rank_cd(passage.words, asked.some, 1 | 32)
            + (passage.words @@ asked.every)::integer) / 2 as score
      from document_passages as passage, asked
     where passage.tenant_id = $2
       and passage.account_id = $3
       and passage.words @@ asked.some
       and passage.document_id in (select document_id
                                     from documents
                                    where tenant_id = $2
                                      and account_id = $3
                                      and (cardinality($4::text[]) = 0 or name = any($4))
                                      and tags @> $5
                                      and (cardinality($7::text[]) = 0 or collection = any($7))
                                      and ($8::text[] is null or document_id = any($8)))
     order by score desc, passage.document_id, passage.ordinal
     limit $6
)
select found.document_id, ordinal, name, metadata, tags, collection, attributes, body,
       score::real as score,
       ts_headline('english', body, asked.some,
                   'StartSel="", StopSel="", MaxFragments=2, MaxWords=30, MinWords=10, FragmentDelimiter=" … "')
           as snippet
  from found
  join documents using (document_id), asked
 order by score desc, found.document_id, ordinal
