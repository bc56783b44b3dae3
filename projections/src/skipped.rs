//! Events that an operator has decided to leave out of a projection. The decision is on record, in
//! the projection's own stream, so every build leaves out the same ones.

use std::collections::HashSet;

use jan_domain::history::Event;
use jan_domain::ports::Keyring;
use jan_domain::projection::ProjectionEvent;
use sqlx::PgPool;

use crate::feed::{Entry, SELECT};

/// The positions that one projection leaves out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Skipped(HashSet<i64>);

impl Skipped {
    /// What is on record.
    pub(crate) async fn load(
        pool: &PgPool,
        keyring: &dyn Keyring,
        name: &str,
    ) -> Result<Self, sqlx::Error> {
        let sql = format!("{SELECT} where aggregate_type = 'projection' and aggregate_id = $1");
        let rows = sqlx::query(&sql).bind(name).fetch_all(pool).await?;
        let mut positions = HashSet::new();
        for entry in Entry::of_rows(&rows, keyring).await? {
            if let Ok(Event::Projection(event)) = entry.event {
                let ProjectionEvent::EventSkipped { position, .. } = event;
                positions.insert(position);
            }
        }
        Ok(Self(positions))
    }

    pub(crate) fn contains(&self, position: i64) -> bool {
        self.0.contains(&position)
    }
}
