-- Only vectors of the asked one's length can be compared: another is of a text that its model refused.
select document_id,
       ordinal,
       likeness,
       count(likeness) over () as compared,
       count(*) over () as all_of_them
  from candidate
 cross join lateral (select case when cardinality(vector) = cardinality($8::real[])
                                 then -(vector::vector <#> $8::real[]::vector)
                            end::real as likeness) as measured
 order by likeness desc nulls last
 limit $9
