//! What stands between a request and the schema.

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::OperationType;
use async_graphql::{Request, Variables};
use jan_commands::runner::{CallerPlace, CallerPlaces};
use jan_domain::{Caller, CallerKind};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::asking::Asking;
use super::limits::SUBSCRIPTIONS_OF_CALLER_MAX;
use super::order::FieldOrder;
use super::schema::{JanSchema, schema};
use super::{admission, lexical};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::state::{ApiState, Introspection};

/// The schema, and who follows how much through it.
#[derive(Clone)]
pub(crate) struct Door {
    pub(super) schema: JanSchema,
    places: Arc<CallerPlaces>,
}

/// A GraphQL request, as every transport brings it. What else there is goes nowhere.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Given {
    pub(super) query: Option<String>,
    pub(super) operation_name: Option<String>,
    pub(super) variables: Option<Map<String, Value>>,
}

/// A request that may be carried out.
pub(super) struct Admitted {
    pub(super) request: Request,
    pub(super) kind: OperationType,
    pub(super) asking: Arc<Asking>,
    /// Held for as long as something is followed.
    pub(super) place: Option<CallerPlace>,
}

impl Door {
    pub(super) fn new() -> Self {
        Self {
            schema: schema(),
            places: Arc::new(CallerPlaces::new(SUBSCRIPTIONS_OF_CALLER_MAX)),
        }
    }

    /// Looks a request over before anything of it is done.
    pub(super) fn admit(
        &self,
        (state, caller, context): (&ApiState, &Arc<Caller>, &RequestContext),
        given: Given,
    ) -> Result<Admitted, ApiError> {
        let query = given.query.filter(|query| !query.trim().is_empty());
        let query = query.ok_or_else(|| ApiError::missing("query"))?;
        lexical::check(&query)?;
        let document = parse_query(&query);
        let document = document.map_err(|error| {
            let place = error.positions().next();
            let place = place.map(|at| format!(" at line {}, column {}", at.line, at.column));
            let place = place.unwrap_or_default();
            ApiError::invalid_query(format!("The document is not GraphQL{place}."))
        })?;
        let variables = Value::Object(given.variables.unwrap_or_default());
        let variables = Variables::from_json(variables);
        let shows_schema = shows_schema(state.server.introspection, caller.kind);
        admission::admit(&document, &variables, shows_schema)?;
        let name = given.operation_name.filter(|name| !name.is_empty());
        let (kind, order) = match admission::chosen(&document, name.as_deref()) {
            Some(operation) => {
                admission::check_variables(operation, &variables)?;
                let selection = &operation.selection_set.node;
                (operation.ty, FieldOrder::of(selection, &document.fragments))
            }
            None => (OperationType::Query, FieldOrder::default()),
        };
        let place = match kind {
            OperationType::Subscription => Some(self.place(caller)?),
            OperationType::Query | OperationType::Mutation => None,
        };
        let asking = Asking::new(state.clone(), Arc::clone(caller), context.clone());
        let asking = Arc::new(asking);
        let mut request = Request::new(query)
            .variables(variables)
            .data(Arc::new(order))
            .data(Arc::clone(&asking));
        request.operation_name = name;
        request.set_parsed_query(document);
        if !shows_schema {
            request = request.disable_introspection();
        }
        Ok(Admitted {
            request,
            kind,
            asking,
            place,
        })
    }

    fn place(&self, caller: &Caller) -> Result<CallerPlace, ApiError> {
        let place = self.places.take(&caller.owner);
        place.ok_or_else(ApiError::too_many_subscriptions)
    }
}

fn shows_schema(introspection: Introspection, kind: CallerKind) -> bool {
    match (introspection, kind) {
        (_, CallerKind::Admin) | (Introspection::Everybody, _) => true,
        (Introspection::NoGuests, kind) => kind != CallerKind::Guest,
        (Introspection::Administrators, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_see_the_schema_only_where_everybody_does() {
        let seen = |introspection| {
            [CallerKind::Guest, CallerKind::User, CallerKind::Admin]
                .map(|kind| shows_schema(introspection, kind))
        };
        assert_eq!(seen(Introspection::Everybody), [true, true, true]);
        assert_eq!(seen(Introspection::NoGuests), [false, true, true]);
        assert_eq!(seen(Introspection::Administrators), [false, false, true]);
    }
}
