//! What a read model owes its projector.

use std::future::Future;

use jan_domain::history::Event;
use sqlx::PgConnection;

/// The changes that a stretch of events makes to the tables of one read model.
///
/// Folding is pure: events go in, in order, and nothing comes out until `write`. Where the
/// stretches begin and end must make no difference to the tables.
pub(crate) trait Changes: Default + Send {
    /// The read model's name, as in the `projections` table.
    const NAME: &'static str;
    /// Raised when the fold or the tables change; another version starts from the first event.
    const VERSION: i32;

    /// Takes in one event of the stream `id`.
    fn fold(&mut self, id: &str, event: &Event);

    /// Whether nothing that was folded concerns this read model.
    fn is_empty(&self) -> bool;

    /// Writes everything, inside the transaction that also moves the checkpoint. A change to a row
    /// that is not there is [`sqlx::Error::RowNotFound`].
    fn write(
        self,
        connection: &mut PgConnection,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;
}

/// One column of many rows, as `unnest` wants it.
pub(crate) fn column<'r, R, T>(rows: &'r [R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// Fails unless each of `wanted` changes found its row.
pub(crate) fn each_found(wanted: usize, found: u64) -> Result<(), sqlx::Error> {
    if u64::try_from(wanted) == Ok(found) {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}
