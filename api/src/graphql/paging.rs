//! Relay's way through lists, over the pages that readers give.

use std::fmt::Display;

use async_graphql::OutputType;
use async_graphql::connection::{Connection, Edge, EmptyFields};
use jan_domain::limits::PAGE_ITEMS_MAX;
use jan_projections::{ListError, Order, Page, PageRequest};

use super::limits::PAGE_ITEMS;
use crate::error::ApiError;

/// What part of a list is asked for, in Relay's words.
pub(super) struct Paging {
    pub(super) first: Option<i32>,
    pub(super) after: Option<String>,
    pub(super) last: Option<i32>,
    pub(super) before: Option<String>,
}

/// The same, checked: so many, from one end on or beyond an entry, in one direction.
pub(super) struct Window {
    pub(super) limit: usize,
    pub(super) beyond: Option<String>,
    pub(super) backward: bool,
}

impl Paging {
    /// One direction at a time: `first` with `after`, or `last` with `before`.
    pub(super) fn window(self) -> Result<Window, ApiError> {
        let backward = self.last.is_some() || self.before.is_some();
        let one_way = "Give 'first' and 'after' or 'last' and 'before', not both.";
        if backward && (self.first.is_some() || self.after.is_some()) {
            let named = if self.first.is_some() {
                "first"
            } else {
                "after"
            };
            return Err(ApiError::invalid_value(one_way).at(named));
        }
        let (name, asked, beyond) = if backward {
            ("last", self.last, self.before)
        } else {
            ("first", self.first, self.after)
        };
        Ok(Window {
            limit: length(asked, name)?,
            beyond,
            backward,
        })
    }
}

/// How many entries are asked for.
pub(super) fn length(asked: Option<i32>, name: &str) -> Result<usize, ApiError> {
    let Some(asked) = asked else {
        return Ok(PAGE_ITEMS);
    };
    let asked = usize::try_from(asked).ok();
    asked
        .filter(|asked| (1..=PAGE_ITEMS_MAX).contains(asked))
        .ok_or_else(|| {
            let message = format!("Expected a whole number from 1 to {PAGE_ITEMS_MAX}.");
            ApiError::invalid_value(message).at(name)
        })
}

impl Window {
    /// The page behind the window of a list that is usually shown in this order.
    pub(super) fn page<Id>(&self, order: Order) -> Result<PageRequest<Id>, ApiError>
    where
        Id: TryFrom<String, Error: Display>,
    {
        let after = self.beyond.clone().map(Id::try_from).transpose();
        Ok(PageRequest {
            after: after.map_err(|error| self.unknown_cursor(&error))?,
            limit: self.limit,
            order: self.order(order),
        })
    }

    /// The direction in which the list is read.
    pub(super) fn order(&self, order: Order) -> Order {
        match (self.backward, order) {
            (false, order) => order,
            (true, Order::OldestFirst) => Order::NewestFirst,
            (true, Order::NewestFirst) => Order::OldestFirst,
        }
    }

    /// Why there is no page.
    pub(super) fn misread(&self, error: ListError) -> ApiError {
        match error {
            ListError::UnknownCursor(_) => self.unknown_cursor(&error),
            ListError::Read(error) => error.into(),
        }
    }

    pub(super) fn unknown_cursor(&self, problem: &dyn Display) -> ApiError {
        let name = if self.backward { "before" } else { "after" };
        ApiError::invalid_value(format!("Not a cursor of this list: {problem}.")).at(name)
    }

    /// Puts what was found in the list's own order, with cursors.
    pub(super) fn connect<Row, Node: OutputType>(
        &self,
        page: Page<Row>,
        entry: impl Fn(Row) -> (String, Node),
    ) -> Connection<String, Node> {
        let (has_previous, has_next) = self.ends(page.has_more);
        let mut connection = Connection::new(has_previous, has_next);
        connection.edges = self.edges(page.items, entry);
        connection
    }

    /// Whether there are entries before and after those that were found. What a page begins beyond
    /// stands on its other side.
    pub(super) fn ends(&self, has_more: bool) -> (bool, bool) {
        let begun = self.beyond.is_some();
        if self.backward {
            (has_more, begun)
        } else {
            (begun, has_more)
        }
    }

    pub(super) fn edges<Row, Node: OutputType>(
        &self,
        rows: Vec<Row>,
        entry: impl Fn(Row) -> (String, Node),
    ) -> Vec<Edge<String, Node, EmptyFields>> {
        let edge = |row| {
            let (cursor, node) = entry(row);
            Edge::new(cursor, node)
        };
        if self.backward {
            rows.into_iter().rev().map(edge).collect()
        } else {
            rows.into_iter().map(edge).collect()
        }
    }
}
