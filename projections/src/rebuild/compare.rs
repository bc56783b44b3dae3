//! Holding the live tables against a fresh fold of the same history.
//!
//! Each table is summed up in buckets of rows by their keys: sums of hashes, which do not depend on
//! any order. Only the rows of buckets that differ are fetched. The live side is read in one
//! snapshot, so that it may go on meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use sqlx::PgConnection;

use super::error::RebuildError;
use super::follow::follow;
use super::live::live_position;
use super::site::Site;
use crate::lease::Lease;

/// Differing buckets whose rows are fetched.
const BUCKETS_SHOWN: usize = 20;
/// Most rows that are told of each table.
const ROWS_SHOWN: usize = 10;

/// What a comparison found.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Both sides hold everything up to here.
    pub position: i64,
    /// Every table of the read model.
    pub tables: Vec<TableComparison>,
}

/// What it found in one table.
#[derive(Debug, Clone, PartialEq)]
pub struct TableComparison {
    /// Its name.
    pub name: &'static str,
    /// What answers reads.
    pub live: TableSum,
    /// What the log says.
    pub fresh: TableSum,
    /// The first rows that are not the same, by their keys.
    pub differences: Vec<RowDifference>,
}

/// A table in three numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableSum {
    /// Its rows.
    pub rows: i64,
    /// Two sums over hashes of its rows, in whatever order: 128 bits, in hex digits.
    pub hash: String,
}

/// A row that is not the same.
#[derive(Debug, Clone, PartialEq)]
pub struct RowDifference {
    /// The values of its key.
    pub key: String,
    /// What the row is on either side; none where it is missing. Columns that are equal are left out.
    pub live: Option<Map<String, Value>>,
    /// The same, as the log has it.
    pub fresh: Option<Map<String, Value>>,
}

impl Comparison {
    /// Whether there is no difference.
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(|table| table.live == table.fresh)
    }
}

/// Brings a finished build to where the live generation is, and compares them.
pub(super) async fn compare(site: &Site, lease: &mut Lease) -> Result<Comparison, RebuildError> {
    // Near first: the snapshot is held for as long as the rest takes.
    let position = live_position(&site.pool, site.definition.name).await?;
    follow((site, None), lease, position).await?;
    let mut snapshot = site.own.begin().await?;
    sqlx::query("set transaction isolation level repeatable read, read only")
        .execute(&mut *snapshot)
        .await?;
    let sql = "select position from projections where name = $1 and status = 'live'";
    let position = sqlx::query_scalar(sql)
        .bind(site.definition.name)
        .fetch_one(&mut *snapshot)
        .await?;
    follow((site, None), lease, position).await?;
    let mut fresh = site.own.acquire().await?;
    let mut tables = Vec::new();
    for table in site.definition.tables {
        let live = Side::of(&mut snapshot, ("public", table.name)).await?;
        let fresh = Side::of(&mut fresh, (&site.schema, table.name)).await?;
        tables.push(compare_table(table.name, live, fresh).await?);
    }
    snapshot.rollback().await?;
    Ok(Comparison { position, tables })
}

/// One table on one side.
struct Side<'c> {
    connection: &'c mut PgConnection,
    table: String,
    /// The texts of its key, as an SQL expression.
    key: String,
    buckets: BTreeMap<i64, Bucket>,
}

type Bucket = (i64, i64, i64);

impl<'c> Side<'c> {
    async fn of(
        connection: &'c mut PgConnection,
        (schema, table): (&str, &str),
    ) -> Result<Self, sqlx::Error> {
        let key = key_of(connection, table).await?;
        let table = format!("{schema}.{table}");
        let buckets = buckets(connection, &table, &key).await?;
        Ok(Self {
            connection,
            table,
            key,
            buckets,
        })
    }

    fn sum(&self) -> TableSum {
        let mut sum = (0_i64, 0_i64, 0_i64);
        for (rows, one, other) in self.buckets.values() {
            sum.0 += rows;
            sum.1 = sum.1.wrapping_add(*one);
            sum.2 = sum.2.wrapping_add(*other);
        }
        TableSum {
            rows: sum.0,
            hash: format!("{:016x}{:016x}", sum.1, sum.2),
        }
    }

    async fn rows(&mut self, buckets: &[i64]) -> Result<BTreeMap<String, Row>, sqlx::Error> {
        let Self { table, key, .. } = self;
        let sql = format!(
            "select {key}, to_jsonb(row) from {table} as row \
              where hashtextextended({key}, 0) & 4095 = any($1)"
        );
        let rows: Vec<(String, Value)> = sqlx::query_as(&sql)
            .bind(buckets)
            .fetch_all(&mut *self.connection)
            .await?;
        let rows = rows.into_iter().map(|(key, row)| match row {
            Value::Object(row) => (key, row),
            _ => (key, Row::new()),
        });
        Ok(rows.collect())
    }
}

type Row = Map<String, Value>;

/// The primary key of the live table, as an expression over one of its rows.
async fn key_of(connection: &mut PgConnection, table: &str) -> Result<String, sqlx::Error> {
    let sql = r"
        select string_agg(format('row.%I::text', column_of.attname), ' || '' '' || '
                          order by array_position(key.indkey::int2[], column_of.attnum))
          from pg_index as key
          join pg_attribute as column_of
            on column_of.attrelid = key.indrelid
           and column_of.attnum = any(key.indkey)
         where key.indrelid = $1::regclass
           and key.indisprimary";
    let key: Option<String> = sqlx::query_scalar(sql)
        .bind(format!("public.{table}"))
        .fetch_one(connection)
        .await?;
    Ok(key.unwrap_or_else(|| "row::text".to_owned()))
}

/// Sums of hashes wrap around, as sums of `numeric` cut to 64 bits do.
async fn buckets(
    connection: &mut PgConnection,
    table: &str,
    key: &str,
) -> Result<BTreeMap<i64, Bucket>, sqlx::Error> {
    let wrapped = |seed: u8| {
        let sum = format!("sum(hashtextextended(row::text, {seed})::numeric)");
        // Into the range of a bigint, whatever the sum.
        format!(
            "(mod(mod({sum}, 18446744073709551616) + 27670116110564327424, 18446744073709551616) \
              - 9223372036854775808)::bigint"
        )
    };
    let sql = format!(
        "select hashtextextended({key}, 0) & 4095, count(*), {}, {} from {table} as row group by 1",
        wrapped(0),
        wrapped(1)
    );
    let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(&sql).fetch_all(connection).await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|(bucket, rows, one, other)| (bucket, (rows, one, other)))
        .collect())
}

async fn compare_table(
    name: &'static str,
    mut live: Side<'_>,
    mut fresh: Side<'_>,
) -> Result<TableComparison, sqlx::Error> {
    let all = live.buckets.keys().chain(fresh.buckets.keys());
    let mut differing: Vec<i64> = all
        .filter(|bucket| live.buckets.get(bucket) != fresh.buckets.get(bucket))
        .copied()
        .collect();
    differing.sort_unstable();
    differing.dedup();
    differing.truncate(BUCKETS_SHOWN);
    let mut differences = Vec::new();
    if !differing.is_empty() {
        let (here, there) = (live.rows(&differing).await?, fresh.rows(&differing).await?);
        differences = differences_of(here, there);
    }
    Ok(TableComparison {
        name,
        live: live.sum(),
        fresh: fresh.sum(),
        differences,
    })
}

fn differences_of(
    mut live: BTreeMap<String, Row>,
    mut fresh: BTreeMap<String, Row>,
) -> Vec<RowDifference> {
    let keys: BTreeSet<String> = live.keys().chain(fresh.keys()).cloned().collect();
    let pairs = keys.into_iter().map(|key| {
        let (here, there) = (live.remove(&key), fresh.remove(&key));
        (key, here, there)
    });
    pairs
        .filter(|(_, here, there)| here != there)
        .take(ROWS_SHOWN)
        .map(|(key, mut here, mut there)| {
            if let (Some(here), Some(there)) = (&mut here, &mut there) {
                let before = here.clone();
                here.retain(|column, value| there.get(column) != Some(value));
                there.retain(|column, value| before.get(column) != Some(value));
            }
            RowDifference {
                key,
                live: here,
                fresh: there,
            }
        })
        .collect()
}
