use jan_domain::ports::{KeyFailure, WrappedKey};

use super::OwnerKeys;
use super::owner_keys::{COLUMNS, Row, context, failure, unknown};

/// Keys rewrapped by one statement.
const BATCH: i64 = 500;

impl OwnerKeys {
    /// How many keys are wrapped by another master key than the first.
    pub async fn count_outdated(&self) -> Result<u64, KeyFailure> {
        let sql = "select count(*) from owner_keys where master_key_id <> $1";
        let count: i64 = sqlx::query_scalar(sql)
            .bind(self.first_master())
            .fetch_one(self.pool())
            .await
            .map_err(failure)?;
        Ok(count.unsigned_abs())
    }

    /// Wraps some of them by the first, and answers how many; none are left when that is 0. It can
    /// be interrupted at any moment and gone on with later.
    pub async fn rewrap_some(&self) -> Result<u64, KeyFailure> {
        let sql =
            format!("select {COLUMNS} from owner_keys where master_key_id <> $1 limit {BATCH}");
        let rows: Vec<Row> = sqlx::query_as(&sql)
            .bind(self.first_master())
            .fetch_all(self.pool())
            .await
            .map_err(failure)?;
        let mut moved = (Vec::new(), Vec::new(), Vec::new());
        for row in &rows {
            let (Some(master), Some(wrapped)) = (&row.master_key_id, &row.wrapped) else {
                continue;
            };
            let old = WrappedKey {
                master: master.clone(),
                wrapped: wrapped.clone(),
            };
            let new = self.masters().rewrap(&context(&row.owner()), &old);
            let new = new.ok_or_else(|| unknown(master))?;
            moved.0.push(row.key_id.as_str());
            moved.1.push(new.master);
            moved.2.push(new.wrapped);
        }
        // A key that is destroyed meanwhile stays destroyed.
        let sql = r"
            update owner_keys
               set master_key_id = moved.master, wrapped = moved.wrapped
              from unnest($1::text[], $2::text[], $3::bytea[]) as moved (id, master, wrapped)
             where owner_keys.key_id = moved.id
               and owner_keys.wrapped is not null";
        sqlx::query(sql)
            .bind(&moved.0)
            .bind(&moved.1)
            .bind(&moved.2)
            .execute(self.pool())
            .await
            .map_err(failure)?;
        Ok(rows.len() as u64)
    }
}
