select passage.document_id, passage.ordinal, known.vector
  from document_passages as passage
  left join passage_embeddings as known
         on known.tenant_id = passage.tenant_id
        and known.account_id = passage.account_id
        and known.body_hash = passage.body_hash
        and known.model = $5
 where passage.tenant_id = $1
   and passage.account_id = $2
   and passage.document_id in (select document_id
                                 from documents
                                where tenant_id = $1
                                  and account_id = $2
                                  and (cardinality($3::text[]) = 0 or name = any($3))
                                  and tags @> $4
                                  and (cardinality($6::text[]) = 0 or collection = any($6))
                                  and ($7::text[] is null or document_id = any($7)))
