//! The rows of one stream, made anew where they are.

use jan_domain::ports::Keyring;
use sqlx::{PgConnection, PgPool};

use super::error::RebuildError;
use super::prove::wipe;
use crate::feed::{Entry, SELECT};
use crate::parking::{blames_event, lock_live, unpark};
use crate::projection::{Course, Definition};
use crate::skipped::Skipped;

/// Deletes what the live tables hold of a stream and folds its events once more, all in one
/// transaction. What was parked of it is not any more. Answers how many events it has.
pub(crate) async fn rebuild_stream(
    (pool, keyring): (&PgPool, &dyn Keyring),
    definition: &Definition,
    id: &str,
) -> Result<usize, RebuildError> {
    let name = definition.name;
    let (Course::Copied(streams) | Course::Written(streams)) = definition.course else {
        return Err(RebuildError::NotByStream { name });
    };
    if !definition.is_by_stream() {
        return Err(RebuildError::NotByStream { name });
    }
    let skipped = Skipped::load(pool, keyring, name).await?;
    let mut transaction = pool.begin().await?;
    let (generation, position) = lock_live(&mut transaction, name)
        .await?
        .ok_or(RebuildError::NotLive { name })?;
    let place = (streams.aggregate_type, id, position);
    let entries = history(&mut transaction, keyring, place).await?;
    let mut changes = definition.begin();
    for entry in &entries {
        match &entry.event {
            _ if skipped.contains(entry.position) => {}
            Ok(event) => changes.fold(&entry.stream.aggregate_id, event),
            Err(error) => return Err(RebuildError::spoilt(entry, error.to_string().into())),
        }
    }
    wipe(&mut transaction, definition.tables, &[id.to_owned()]).await?;
    if !changes.is_empty()
        && let Err(error) = changes.write(&mut transaction).await
    {
        return Err(match entries.last() {
            Some(entry) if blames_event(&error) => RebuildError::spoilt(entry, error.into()),
            _ => error.into(),
        });
    }
    let stream = (streams.aggregate_type, id);
    unpark(&mut transaction, (name, generation), stream).await?;
    transaction.commit().await?;
    Ok(entries.len())
}

/// The stream's events up to where the live rows are.
async fn history(
    connection: &mut PgConnection,
    keyring: &dyn Keyring,
    (aggregate_type, id, position): (&str, &str, i64),
) -> Result<Vec<Entry>, sqlx::Error> {
    let sql = format!(
        "{SELECT} where aggregate_type = $1 and aggregate_id = $2 and position <= $3 \
          order by position"
    );
    let rows = sqlx::query(&sql)
        .bind(aggregate_type)
        .bind(id)
        .bind(position)
        .fetch_all(connection)
        .await?;
    Entry::of_rows(&rows, keyring).await
}
