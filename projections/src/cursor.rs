//! Keyset paging: a page begins after a thing, not at a number, so that lists may grow meanwhile.

use chrono::{DateTime, Utc};
use jan_domain::limits::PAGE_ITEMS_MAX;
use sqlx::{Postgres, QueryBuilder};

/// Which end of a list comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// `asc`
    OldestFirst,
    /// `desc`
    NewestFirst,
}

impl Order {
    pub(crate) fn beyond(self) -> &'static str {
        match self {
            Self::OldestFirst => " > ",
            Self::NewestFirst => " < ",
        }
    }

    pub(crate) fn direction(self) -> &'static str {
        match self {
            Self::OldestFirst => "asc",
            Self::NewestFirst => "desc",
        }
    }
}

/// What part of a list is wanted.
#[derive(Debug, Clone)]
pub struct PageRequest<Id> {
    /// Begin after this one.
    pub after: Option<Id>,
    /// At most so many; held to 1..=[`PAGE_ITEMS_MAX`].
    pub limit: usize,
    /// Which end comes first.
    pub order: Order,
}

impl<Id> PageRequest<Id> {
    pub(crate) fn limit(&self) -> usize {
        self.limit.clamp(1, PAGE_ITEMS_MAX)
    }

    /// Asks for the page that begins after `after`, by an age and then by an id; the pair names their columns.
    pub(crate) fn push_by_age(
        &self,
        query: &mut QueryBuilder<'_, Postgres>,
        (age, id): (&str, &str),
        after: Option<(DateTime<Utc>, &str)>,
    ) {
        if let Some((after_age, after_id)) = after {
            query
                .push(format_args!(" and ({age}, {id}){}(", self.order.beyond()))
                .push_bind(after_age)
                .push(", ")
                .push_bind(after_id.to_owned())
                .push(")");
        }
        let direction = self.order.direction();
        query.push(format_args!(
            " order by {age} {direction}, {id} {direction}"
        ));
        self.push_limit(query);
    }

    /// Asks for one more than the page holds, which tells whether there is another page.
    pub(crate) fn push_limit(&self, query: &mut QueryBuilder<'_, Postgres>) {
        let more = i64::try_from(self.limit() + 1).expect("a page is small");
        query.push(" limit ").push_bind(more);
    }
}

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// What was found, in the order asked for.
    pub items: Vec<T>,
    /// Whether the list goes on.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// Cuts off the one row too many.
    pub(crate) fn cut(mut rows: Vec<T>, limit: usize) -> Self {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        Self {
            items: rows,
            has_more,
        }
    }
}
