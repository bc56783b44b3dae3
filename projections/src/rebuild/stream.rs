//! The rows of one stream, made anew where they are.

use sqlx::{PgConnection, PgPool, QueryBuilder};

use super::error::RebuildError;
use super::prove::wipe;
use crate::feed::Entry;
use crate::parking::{blames_event, lock_live, unpark};
use crate::projection::{Course, Definition};
use crate::skipped::Skipped;

/// Deletes what the live tables hold of a stream and folds its events once more, all in one
/// transaction. What was parked of it is not any more. Answers how many events it has.
pub(crate) async fn rebuild_stream(
    pool: &PgPool,
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
    let skipped = Skipped::load(pool, name).await?;
    let mut transaction = pool.begin().await?;
    let (generation, position) = lock_live(&mut transaction, name)
        .await?
        .ok_or(RebuildError::NotLive { name })?;
    let place = (streams.aggregate_type, id, position);
    let entries = history(&mut transaction, definition.sweeps, place).await?;
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

/// The stream's events, and those of others that may change its rows.
async fn history(
    connection: &mut PgConnection,
    sweeps: &[&str],
    (aggregate_type, id, position): (&str, &str, i64),
) -> Result<Vec<Entry>, sqlx::Error> {
    let mut query = QueryBuilder::new(
        "select position, aggregate_type, aggregate_id, event_type, event_version, payload::text \
           from events \
          where position <= ",
    );
    query
        .push_bind(position)
        .push(" and (aggregate_type = ")
        .push_bind(aggregate_type)
        .push(" and aggregate_id = ")
        .push_bind(id);
    if !sweeps.is_empty() {
        query.push(" or event_type = any(").push_bind(sweeps).push(")");
    }
    query.push(") order by position");
    let rows = query.build().fetch_all(connection).await?;
    rows.iter().map(Entry::of_row).collect()
}
