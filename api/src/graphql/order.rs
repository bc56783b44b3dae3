//! Fields answered in the order in which they were asked for, as the specification has it. The library
//! carries them out side by side and answers what is ready first.

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::async_trait::async_trait;
use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextExecute};
use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, Response, Value};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// The order of an operation's fields, by the names under which they are answered.
#[derive(Debug, Default)]
pub(super) struct FieldOrder(IndexMap<Name, Self>);

/// Puts every answer in the order of its request, which has it among its data.
pub(super) struct InOrder;

impl FieldOrder {
    /// That of a selection that was measured: what unfolds without end was refused before.
    pub(super) fn of(selection: &SelectionSet, fragments: &Fragments) -> Self {
        let mut order = Self::default();
        order.add(selection, fragments);
        order
    }

    fn add(&mut self, selection: &SelectionSet, fragments: &Fragments) {
        for item in &selection.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.response_key().node.clone();
                    let inner = self.0.entry(name).or_default();
                    inner.add(&field.node.selection_set.node, fragments);
                }
                Selection::InlineFragment(inline) => {
                    self.add(&inline.node.selection_set.node, fragments);
                }
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = fragments.get(&spread.node.fragment_name.node) {
                        self.add(&fragment.node.selection_set.node, fragments);
                    }
                }
            }
        }
    }

    fn sort(&self, value: &mut Value) {
        match value {
            Value::List(values) => values.iter_mut().for_each(|value| self.sort(value)),
            Value::Object(fields) => {
                let place = |name: &Name| self.0.get_index_of(name).unwrap_or(usize::MAX);
                fields.sort_by_key(|name, _| place(name));
                for (name, value) in fields {
                    if let Some(inner) = self.0.get(name) {
                        inner.sort(value);
                    }
                }
            }
            _ => {}
        }
    }
}

impl ExtensionFactory for InOrder {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait]
impl Extension for InOrder {
    async fn execute(
        &self,
        context: &ExtensionContext<'_>,
        operation: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut response = next.run(context, operation).await;
        if let Some(order) = context.data_opt::<Arc<FieldOrder>>() {
            order.sort(&mut response.data);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use async_graphql::parser::types::DocumentOperations;

    use super::*;

    fn sorted(query: &str, answered: &serde_json::Value) -> String {
        let document = parse_query(query).unwrap();
        let DocumentOperations::Single(operation) = &document.operations else {
            panic!("one operation")
        };
        let selection = &operation.node.selection_set.node;
        let order = FieldOrder::of(selection, &document.fragments);
        let mut value = Value::from_json(answered.clone()).unwrap();
        order.sort(&mut value);
        serde_json::to_string(&value).unwrap()
    }

    #[test]
    fn fields_come_as_they_were_asked_for_through_fragments_and_lists() {
        let query = "{ z: a { ...F y x } ... on Query { b } c a } fragment F on T { w x }";
        let mut answered = serde_json::Map::new();
        for (name, value) in [
            ("a", serde_json::json!(1)),
            ("c", serde_json::json!(null)),
            ("b", serde_json::json!(2)),
            ("z", serde_json::json!([{"y": 1, "x": 2, "w": 3}, null])),
        ] {
            answered.insert(name.to_owned(), value);
        }
        assert_eq!(
            sorted(query, &answered.into()),
            r#"{"z":[{"w":3,"x":2,"y":1},null],"b":2,"c":null,"a":1}"#
        );
    }
}
