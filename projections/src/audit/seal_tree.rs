//! The tree over all seals, read from the nodes that lie in their rows.

use std::collections::HashMap;
use std::ops::Range;

use sqlx::{PgExecutor, Row};

use super::merkle::{Frontier, HASH_BYTES, Hash, node_hash};
use super::proof::whole_subtrees;

/// A node by its level and its place on it.
type Node = (u32, u64);

/// The roots of such stretches of the tree.
pub(crate) async fn subtree_roots(
    executor: impl PgExecutor<'_>,
    stretches: &[Range<u64>],
) -> Result<Vec<Hash>, sqlx::Error> {
    let parts: Vec<_> = stretches.iter().map(whole_subtrees).collect();
    let nodes = read(executor, parts.iter().flatten().copied()).await?;
    let root = |part: &Vec<Node>| {
        let mut hashes = part.iter().rev().map(|node| nodes.get(node).copied());
        let last = hashes.next().flatten()?;
        hashes.try_fold(last, |right, left| Some(node_hash(&left?, &right)))
    };
    let roots: Option<Vec<_>> = parts.iter().map(root).collect();
    roots.ok_or(sqlx::Error::RowNotFound)
}

/// The tree over the first `size` seals, ready to grow.
pub(crate) async fn frontier(
    executor: impl PgExecutor<'_>,
    size: u64,
) -> Result<Frontier, sqlx::Error> {
    let wanted = whole_subtrees(&(0..size));
    let nodes = read(executor, wanted.iter().copied()).await?;
    let peaks: Option<Vec<_>> = wanted.iter().map(|node| nodes.get(node).copied()).collect();
    Ok(Frontier::of(size, peaks.ok_or(sqlx::Error::RowNotFound)?))
}

async fn read(
    executor: impl PgExecutor<'_>,
    wanted: impl Iterator<Item = Node>,
) -> Result<HashMap<Node, Hash>, sqlx::Error> {
    let (mut levels, mut numbers) = (Vec::new(), Vec::new());
    for (level, index) in wanted {
        levels.push(i32::try_from(level).expect("levels are few"));
        numbers.push(i64::try_from((index + 1) << level).expect("a seal's number"));
    }
    let sql = r"
        select wanted.level, wanted.number, substring(nodes from level * 32 + 1 for 32)
          from unnest($1::int[], $2::bigint[]) as wanted (level, number)
          join event_seals using (number)";
    let rows = sqlx::query(sql).bind(levels).bind(numbers);
    let mut nodes = HashMap::new();
    for row in rows.fetch_all(executor).await? {
        let (level, number): (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
        let (level, number) = (level.unsigned_abs(), number.unsigned_abs());
        let hash: &[u8] = row.try_get(2)?;
        if let Ok(hash) = <[u8; HASH_BYTES]>::try_from(hash) {
            nodes.insert((level, (number >> level) - 1), hash);
        }
    }
    Ok(nodes)
}
