//! Where a generation is being made, and what may go into it.

use std::sync::Arc;

use jan_domain::ports::Keyring;
use opentelemetry::KeyValue;
use sqlx::{Connection, PgConnection, PgPool};

use super::builder::Builder;
use super::error::RebuildError;
use crate::feed::Entry;
use crate::generation::{pool_in, schema_of};
use crate::metrics::Metrics;
use crate::parking::blames_event;
use crate::projection::{Definition, Folding};
use crate::skipped::Skipped;

/// A generation that does not answer reads, and the ways to it.
pub(crate) struct Site {
    pub(crate) definition: Definition,
    pub(crate) generation: i32,
    /// Where its tables are.
    pub(crate) schema: String,
    /// The server's own connections, for which tables are the live ones.
    pub(crate) pool: PgPool,
    /// Connections for which tables are those of the generation.
    pub(crate) own: PgPool,
    /// What an operator has decided to leave out.
    pub(crate) skipped: Skipped,
    pub(crate) keyring: Arc<dyn Keyring>,
    pub(crate) metrics: Metrics,
}

impl Site {
    pub(crate) async fn enter(
        builder: &Builder,
        definition: Definition,
        (generation, connections_max): (i32, u32),
    ) -> Result<Self, sqlx::Error> {
        let Builder {
            pool,
            keyring,
            metrics,
            ..
        } = builder;
        let schema = schema_of(definition.name, generation);
        Ok(Self {
            definition,
            generation,
            own: pool_in(&schema, pool, connections_max),
            schema,
            pool: pool.clone(),
            skipped: Skipped::load(pool, keyring.as_ref(), definition.name).await?,
            keyring: Arc::clone(keyring),
            metrics: metrics.clone(),
        })
    }

    /// What its measurements are told apart by.
    pub(crate) fn attribute(&self) -> [KeyValue; 1] {
        [KeyValue::new("projection", self.definition.name)]
    }

    /// Folds them all; the first that cannot be read stops it.
    pub(crate) fn fold(&self, entries: &[Entry]) -> Result<Box<dyn Folding>, RebuildError> {
        let mut changes = self.definition.begin();
        for entry in entries {
            if self.skipped.contains(entry.position) {
                continue;
            }
            match &entry.event {
                Ok(event) => changes.fold(&entry.stream.aggregate_id, event),
                Err(error) => return Err(RebuildError::spoilt(entry, error.to_string().into())),
            }
        }
        Ok(changes)
    }

    /// What to answer when writing `entries` failed: which of them is to blame, if one is. Nothing
    /// that is tried here stays.
    pub(crate) async fn blame(
        &self,
        connection: &mut PgConnection,
        entries: &[Entry],
        error: sqlx::Error,
    ) -> RebuildError {
        if !blames_event(&error) {
            return error.into();
        }
        match self.first_to_fail(connection, entries).await {
            Ok(Some((entry, cause))) => RebuildError::spoilt(entry, cause.into()),
            Ok(None) => error.into(),
            Err(outage) => outage.into(),
        }
    }

    async fn first_to_fail<'e>(
        &self,
        connection: &mut PgConnection,
        entries: &'e [Entry],
    ) -> Result<Option<(&'e Entry, sqlx::Error)>, sqlx::Error> {
        let mut transaction = connection.begin().await?;
        let mut found = None;
        for entry in entries {
            let Ok(changes) = self.fold(std::slice::from_ref(entry)) else {
                continue;
            };
            match changes.write(&mut transaction).await {
                Ok(()) => {}
                Err(error) if blames_event(&error) => {
                    found = Some((entry, error));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        transaction.rollback().await?;
        Ok(found)
    }
}
