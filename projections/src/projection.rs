//! What a read model owes its projector.

use std::future::Future;

use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::history::Event;
use sqlx::PgConnection;

use crate::rebuild::CopyRows;

/// The changes that a stretch of events makes to the tables of one read model.
///
/// Folding is pure: events go in, in order, and nothing comes out until `write`. Where the
/// stretches begin and end must make no difference to the tables.
pub(crate) trait Changes: Default + Send + 'static {
    /// The read model's name, as in the `projections` table.
    const NAME: &'static str;
    /// Raised when the fold or the tables change; another version is built from the first event.
    const VERSION: i32;
    /// All its tables. Statements name them without a schema: what is being built has the same
    /// ones elsewhere.
    const TABLES: &'static [Table];
    /// How it is built from nothing.
    const COURSE: Course;

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

    /// Under [`Course::Copied`]: the rows that whole streams, from their first event, come to. The
    /// same rows as `write` makes. Whoever is erased needs no thought: nothing of theirs is read.
    fn copy(&self, _rows: &mut CopyRows) {}
}

/// One of a read model's tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The column that names the stream its rows come of; none if they come of many.
    pub(crate) stream: Option<&'static str>,
}

impl Table {
    /// A table each of whose rows comes of one stream.
    pub(crate) const fn by(name: &'static str, stream: &'static str) -> Self {
        Self {
            name,
            stream: Some(stream),
        }
    }

    /// A table of sums over streams.
    pub(crate) const fn over_streams(name: &'static str) -> Self {
        Self { name, stream: None }
    }
}

/// How a read model is built from nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// Stream by stream: every row comes of one stream and is written once, by COPY.
    Copied(Streams),
    /// Stream by stream: what one stream adds does not depend on any other, and is written.
    Written(Streams),
    /// Event by event, in the order of the log.
    #[expect(dead_code, reason = "for what depends on the order of several streams")]
    InOrder,
}

/// The streams a read model comes of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Streams {
    pub(crate) aggregate_type: &'static str,
    /// How their ids begin.
    pub(crate) prefix: &'static str,
}

impl Streams {
    /// All streams of a kind.
    pub(crate) const fn of(aggregate_type: &'static str) -> Self {
        Self {
            aggregate_type,
            prefix: "",
        }
    }
}

/// A read model as those see it who work with any of them.
#[derive(Clone, Copy)]
pub(crate) struct Definition {
    pub(crate) name: &'static str,
    pub(crate) version: i32,
    pub(crate) tables: &'static [Table],
    pub(crate) course: Course,
    begin: fn() -> Box<dyn Folding>,
}

impl Definition {
    pub(crate) fn of<C: Changes>() -> Self {
        Self {
            name: C::NAME,
            version: C::VERSION,
            tables: C::TABLES,
            course: C::COURSE,
            begin: || Box::<C>::default(),
        }
    }

    /// No changes yet.
    pub(crate) fn begin(&self) -> Box<dyn Folding> {
        (self.begin)()
    }

    /// Whether every row comes of one stream, so that one stream's rows can be made anew alone.
    pub(crate) fn is_by_stream(&self) -> bool {
        self.tables.iter().all(|table| table.stream.is_some())
    }
}

/// [`Changes`] of whichever read model.
pub(crate) trait Folding: Send {
    fn fold(&mut self, id: &str, event: &Event);
    fn is_empty(&self) -> bool;
    fn copy(&self, rows: &mut CopyRows);
    fn write<'c>(
        self: Box<Self>,
        connection: &'c mut PgConnection,
    ) -> BoxFuture<'c, Result<(), sqlx::Error>>
    where
        Self: 'c;
}

impl<C: Changes> Folding for C {
    fn fold(&mut self, id: &str, event: &Event) {
        Changes::fold(self, id, event);
    }

    fn is_empty(&self) -> bool {
        Changes::is_empty(self)
    }

    fn copy(&self, rows: &mut CopyRows) {
        Changes::copy(self, rows);
    }

    fn write<'c>(
        self: Box<Self>,
        connection: &'c mut PgConnection,
    ) -> BoxFuture<'c, Result<(), sqlx::Error>>
    where
        Self: 'c,
    {
        Changes::write(*self, connection).boxed()
    }
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
