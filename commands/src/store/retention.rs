use sqlx::PgPool;

/// Rows deleted by one statement.
const BATCH: i64 = 1_000;

/// A table from which rows are deleted for their age: `$1` is how many seconds they are kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AgingTable {
    pub(crate) name: &'static str,
    old: &'static str,
}

/// Streams go whole, when their last word was told long ago.
pub(crate) const STREAM_LOG: AgingTable = AgingTable {
    name: "stream_log",
    old: r"
        recorded_at < clock_timestamp() - make_interval(secs => $1)
        and not exists (select
                          from stream_log as young
                         where young.response_id = aging.response_id
                           and young.recorded_at >= clock_timestamp() - make_interval(secs => $1))",
};

pub(crate) const EFFECT_JOURNAL: AgingTable = AgingTable {
    name: "effect_journal",
    old: "recorded_at < clock_timestamp() - make_interval(secs => $1)",
};

pub(crate) const IDEMPOTENCY_KEYS: AgingTable = AgingTable {
    name: "idempotency_keys",
    old: "claimed_at < clock_timestamp() - make_interval(secs => $1)",
};

impl AgingTable {
    /// How many rows are too old, and how many bytes they take.
    pub(crate) async fn find(&self, pool: &PgPool, kept: f64) -> Result<(u64, u64), sqlx::Error> {
        let Self { name, old } = self;
        let sql = format!(
            "select count(*), coalesce(sum(pg_column_size(aging)), 0)::bigint \
               from {name} as aging where {old}"
        );
        let (rows, bytes): (i64, i64) = sqlx::query_as(&sql).bind(kept).fetch_one(pool).await?;
        Ok((rows.unsigned_abs(), bytes.unsigned_abs()))
    }

    /// Deletes them, a batch at a time, and answers how many they were.
    pub(crate) async fn delete(&self, pool: &PgPool, kept: f64) -> Result<u64, sqlx::Error> {
        let Self { name, old } = self;
        let sql = format!(
            "delete from {name} \
              where ctid = any (array (select ctid from {name} as aging where {old} limit {BATCH}))"
        );
        let mut deleted = 0;
        loop {
            let batch = sqlx::query(&sql).bind(kept).execute(pool).await?;
            deleted += batch.rows_affected();
            if batch.rows_affected() == 0 {
                return Ok(deleted);
            }
        }
    }
}

/// Begins a sweep in the name of this node, unless one was begun less than `pause` seconds ago.
pub(crate) async fn begin_sweep(
    pool: &PgPool,
    name: &str,
    node: &str,
    pause: f64,
) -> Result<bool, sqlx::Error> {
    let sql = r"
        insert into sweeps (name, begun_at, node_id)
        values ($1, clock_timestamp(), $2)
            on conflict (name) do update
           set begun_at = excluded.begun_at, node_id = excluded.node_id
         where sweeps.begun_at < clock_timestamp() - make_interval(secs => $3)";
    let begun = sqlx::query(sql)
        .bind(name)
        .bind(node)
        .bind(pause)
        .execute(pool)
        .await?;
    Ok(begun.rows_affected() == 1)
}
