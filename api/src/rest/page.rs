//! Lists: the query that says which part of one is wanted, and the envelope that part comes in.

use std::collections::BTreeMap;
use std::fmt::Display;

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use jan_domain::limits::PAGE_ITEMS_MAX;
use jan_projections::{Order, Page, PageRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// Entries of a page when the query does not say.
const LIMIT: usize = 20;

/// What every list can be asked for. The document's picture of [`ListQuery`].
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read name by name; see `ListQuery`")]
pub(crate) struct PageParams {
    /// From 1 to 100; 20 when absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u8>,
    /// The id of the last entry of the page before.
    after: Option<String>,
    /// `asc` or `desc`, by age.
    order: Option<String>,
}

/// A request's query. Names nobody asks for are ignored, and an empty value is none.
#[derive(Debug)]
pub(crate) struct ListQuery(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for ListQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let read = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(pairs) = read.map_err(|_| ApiError::malformed("The query cannot be read."))?;
        let has_nul = |(name, value): &&(String, String)| format!("{name}{value}").contains('\0');
        match pairs.iter().find(has_nul) {
            Some((name, _)) => Err(invalid(name, "there is no NUL in anything we list")),
            None => Ok(Self(pairs)),
        }
    }
}

impl ListQuery {
    /// The part of a list that is asked for; `order` when the query does not say.
    pub(crate) fn page<Id>(&self, order: Order) -> Result<PageRequest<Id>, ApiError>
    where
        Id: TryFrom<String, Error: Display>,
    {
        self.page_of(order, LIMIT, PAGE_ITEMS_MAX)
    }

    /// The same of a list of which clients may ask for more than a page holds. They get a full one.
    pub(crate) fn long_page<Id>(
        &self,
        order: Order,
        limit_max: usize,
    ) -> Result<PageRequest<Id>, ApiError>
    where
        Id: TryFrom<String, Error: Display>,
    {
        self.page_of(order, PAGE_ITEMS_MAX, limit_max)
    }

    fn page_of<Id>(
        &self,
        order: Order,
        usual: usize,
        limit_max: usize,
    ) -> Result<PageRequest<Id>, ApiError>
    where
        Id: TryFrom<String, Error: Display>,
    {
        let after = self.get("after")?.map(|id| Id::try_from(id.to_owned()));
        Ok(PageRequest {
            after: after.transpose().map_err(|error| invalid("after", error))?,
            limit: self.limit(usual, limit_max)?,
            order: match self.get("order")? {
                None => order,
                Some("asc") => Order::OldestFirst,
                Some("desc") => Order::NewestFirst,
                Some(_) => return Err(invalid("order", "expected 'asc' or 'desc'")),
            },
        })
    }

    fn limit(&self, usual: usize, most: usize) -> Result<usize, ApiError> {
        let Some(text) = self.get("limit")? else {
            return Ok(usual);
        };
        text.parse()
            .ok()
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| {
                let wanted = format!("expected a whole number from 1 to {most}");
                invalid("limit", wanted)
            })
    }

    /// The one value of `name`.
    pub(crate) fn get(&self, name: &str) -> Result<Option<&str>, ApiError> {
        let mut given = self.0.iter().filter(|(key, _)| key == name);
        match (given.next(), given.next()) {
            (Some(_), Some(_)) => Err(invalid(name, "it may be given only once")),
            (first, _) => Ok(first
                .map(|(_, value)| value.as_str())
                .filter(|value| !value.is_empty())),
        }
    }

    /// All values of `name` or `name[]`.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(key, _)| key.strip_suffix("[]").unwrap_or(key) == name)
            .map(|(_, value)| value.as_str())
    }

    /// The values of `name[key]`, by key.
    pub(crate) fn keyed(&self, name: &str) -> BTreeMap<String, String> {
        let pairs = self.0.iter().filter_map(|(full, value)| {
            let key = full.strip_prefix(name)?.strip_prefix('[')?;
            Some((key.strip_suffix(']')?.to_owned(), value.clone()))
        });
        pairs.collect()
    }
}

fn invalid(name: &str, problem: impl Display) -> ApiError {
    ApiError::invalid_value(format!("Invalid '{name}': {problem}.")).at(name)
}

/// A part of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListBody<T> {
    /// `list`
    object: &'static str,
    /// In the order that was asked for.
    data: Vec<T>,
    /// Of the first entry here.
    first_id: Option<String>,
    /// Of the last entry here; the next page begins `after` it.
    last_id: Option<String>,
    /// Whether the list goes on.
    has_more: bool,
    /// How many there are in all, in lists that count.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
}

impl<T> ListBody<T> {
    /// Entries with their ids.
    pub(crate) fn of<Id: Display>(
        entries: impl IntoIterator<Item = (Id, T)>,
        has_more: bool,
    ) -> Self {
        let (ids, data): (Vec<Id>, Vec<T>) = entries.into_iter().unzip();
        Self {
            object: "list",
            data,
            first_id: ids.first().map(ToString::to_string),
            last_id: ids.last().map(ToString::to_string),
            has_more,
            total: None,
        }
    }

    /// A page of rows, each told by `entry`.
    pub(crate) fn of_page<Row, Id: Display>(
        page: Page<Row>,
        entry: impl Fn(Row) -> (Id, T),
    ) -> Self {
        Self::of(page.items.into_iter().map(entry), page.has_more)
    }

    /// Also says how many there are in all.
    pub(crate) fn counting(mut self, total: i64) -> Self {
        self.total = Some(total);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jan_domain::id::ConversationId;
    use serde_json::json;

    async fn query(text: &str) -> Result<ListQuery, ApiError> {
        let request = http::Request::get(format!("/v1/conversations?{text}"));
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        ListQuery::from_request_parts(&mut parts, &()).await
    }

    async fn page(text: &str) -> Result<PageRequest<ConversationId>, ApiError> {
        query(text).await?.page(Order::NewestFirst)
    }

    #[tokio::test]
    async fn a_query_says_what_part_of_a_list_is_wanted() {
        let asked = page("limit=100&order=asc&after=conv%5Fa&include[]=x&include[]=y").await;
        let asked = asked.unwrap();
        assert_eq!((asked.limit, asked.order), (100, Order::OldestFirst));
        assert_eq!(asked.after, Some(ConversationId::parse("conv_a").unwrap()));
        for silent in ["", "limit=&after=&order="] {
            let asked = page(silent).await.unwrap();
            assert_eq!((asked.limit, asked.order), (LIMIT, Order::NewestFirst));
            assert_eq!(asked.after, None);
        }
    }

    #[tokio::test]
    async fn a_wrong_query_is_refused_at_its_name() {
        for (text, param) in [
            ("limit=0", "limit"),
            ("limit=-1", "limit"),
            ("limit=101", "limit"),
            ("limit=abc", "limit"),
            ("limit=1.5", "limit"),
            ("limit=99999999999999999999999", "limit"),
            ("limit=1&limit=2", "limit"),
            ("order=up", "order"),
            ("order=ASC", "order"),
            ("after=msg_a", "after"),
            ("after=conv_a%00", "after"),
            ("referrer=a%00b", "referrer"),
            ("metadata[a%00]=b", "metadata[a\0]"),
        ] {
            let refused = page(text).await.expect_err(text).body();
            assert_eq!(refused["error"]["param"], param, "{text}");
        }
    }

    #[tokio::test]
    async fn bracketed_names_make_a_map() {
        let query = query("metadata[a]=1&metadata%5Bb%5D=2&metadata=3&model=m").await;
        let pairs = query.unwrap().keyed("metadata");
        assert_eq!(json!(pairs), json!({"a": "1", "b": "2"}));
    }

    #[test]
    fn an_envelope_tells_its_ends() {
        let empty: ListBody<u8> = ListBody::of(Vec::<(String, u8)>::new(), false);
        assert_eq!(
            json!(empty),
            json!({"object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false})
        );
        let two = ListBody::of([("a", 1), ("b", 2)], true).counting(9);
        assert_eq!(
            json!(two),
            json!({"object": "list", "data": [1, 2], "first_id": "a", "last_id": "b",
                "has_more": true, "total": 9})
        );
    }
}
