//! That the log of one checkpoint continues that of another.

use sqlx::PgPool;

use super::merkle::Hash;
use super::proof::{TreeHead, consistency_path};
use super::seal_tree;
use crate::error::ReadError;

/// Two sizes of the log, and the path that proves that the larger one begins with the smaller one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistent {
    /// The smaller one.
    pub from: TreeHead,
    /// The larger one.
    pub to: TreeHead,
    /// As RFC 9162 has it.
    pub path: Vec<Hash>,
}

/// Proves that the log after `to` seals begins with the log after `from` seals; `None` unless
/// 1 <= from <= to and so many seals are there.
pub async fn consistency(
    pool: &PgPool,
    from: u64,
    to: u64,
) -> Result<Option<Consistent>, ReadError> {
    let sql = "select coalesce(max(number), 0) from event_seals";
    let there: i64 = sqlx::query_scalar(sql).fetch_one(pool).await?;
    if from == 0 || from > to || to > there.unsigned_abs() {
        return Ok(None);
    }
    let head = async |size| {
        let root = seal_tree::frontier(pool, size).await?.root();
        Ok::<_, ReadError>(TreeHead { size, root })
    };
    let path = seal_tree::subtree_roots(pool, &consistency_path(from, to)).await?;
    Ok(Some(Consistent {
        from: head(from).await?,
        to: head(to).await?,
        path,
    }))
}
