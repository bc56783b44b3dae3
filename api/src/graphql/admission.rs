//! A document measured before anything of it is validated or executed: fragments are measured once
//! each, however often they are put in place, so that this is done in one pass.

use std::collections::HashMap;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Value, Variables};
use jan_domain::limits::PAGE_ITEMS_MAX;

use super::limits::{
    ALIASES_MAX, COST_MAX, DEPTH_MAX, DIRECTIVES_MAX, INTROSPECTION_DEPTH_MAX, OPERATIONS_MAX,
    PAGE_ITEMS, ROOT_FIELDS_MAX,
};
use crate::error::ApiError;

/// Fields that answer lists: what is in them costs as often as they are long.
pub(super) const LISTS: &[&str] = &[
    "auditEvents",
    "conversations",
    "input",
    "items",
    "output",
    "responses",
    "steps",
    "storedCompletions",
];

/// What one operation comes to.
#[derive(Debug, Clone, Copy, Default)]
struct Measure {
    cost: usize,
    depth: usize,
    introspection_depth: usize,
    fields: usize,
}

/// Refuses a document that asks for more than anybody needs, or for the schema if that is not shown.
pub(super) fn admit(
    document: &ExecutableDocument,
    variables: &Variables,
    shows_schema: bool,
) -> Result<(), ApiError> {
    check_count(
        "operations",
        document.operations.iter().len(),
        OPERATIONS_MAX,
    )?;
    check_text(document)?;
    for (_, operation) in document.operations.iter() {
        let mut measuring = Measuring {
            document,
            variables,
            operation: &operation.node,
            known: HashMap::new(),
        };
        let whole = measuring.selections(&operation.node.selection_set.node)?;
        check_count("fields at its root", whole.fields, ROOT_FIELDS_MAX)?;
        check_count("levels", whole.depth, DEPTH_MAX)?;
        let asked = whole.introspection_depth;
        check_count("levels of introspection", asked, INTROSPECTION_DEPTH_MAX)?;
        check_count("units of cost", whole.cost, COST_MAX)?;
        if asked > 0 && !shows_schema {
            return Err(ApiError::introspection_off());
        }
    }
    Ok(())
}

/// The operation that will be carried out; none if the document does not say which.
pub(super) fn chosen<'d>(
    document: &'d ExecutableDocument,
    name: Option<&str>,
) -> Option<&'d OperationDefinition> {
    let operation = match (&document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(named), Some(name)) => named.get(name),
        (DocumentOperations::Multiple(named), None) if named.len() == 1 => named.values().next(),
        (DocumentOperations::Multiple(_), None) => None,
    };
    operation.map(|operation| &operation.node)
}

/// Refuses an operation that lacks a variable before any of it is carried out.
pub(super) fn check_variables(
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<(), ApiError> {
    let mut defined = operation.variable_definitions.iter();
    let lacking = defined.find(|variable| {
        let variable = &variable.node;
        let given = variables.get(&variable.name.node);
        let needed = !variable.var_type.node.nullable && variable.default_value.is_none();
        needed && given.is_none_or(|given| *given == Value::Null)
    });
    match lacking {
        None => Ok(()),
        Some(variable) => {
            let name = &variable.node.name.node;
            let message = format!("The variable '${name}' is needed.");
            Err(ApiError::invalid_query(message).at(format!("variables.{name}")))
        }
    }
}

fn check_count(what: &str, count: usize, most: usize) -> Result<(), ApiError> {
    if count <= most {
        return Ok(());
    }
    let message = format!("A document may have at most {most} {what}.");
    Err(ApiError::query_too_complex(message))
}

/// Counts what stands in the text, wherever and however often it is used.
fn check_text(document: &ExecutableDocument) -> Result<(), ApiError> {
    let operations = document.operations.iter();
    let operations = operations.map(|(_, operation)| &operation.node);
    let mut directives = 0;
    let mut left: Vec<&SelectionSet> = Vec::new();
    for operation in operations {
        directives += operation.directives.len();
        let variables = operation.variable_definitions.iter();
        directives += variables
            .map(|variable| variable.node.directives.len())
            .sum::<usize>();
        left.push(&operation.selection_set.node);
    }
    for fragment in document.fragments.values() {
        directives += fragment.node.directives.len();
        left.push(&fragment.node.selection_set.node);
    }
    let mut aliases = 0;
    while let Some(selections) = left.pop() {
        for selection in &selections.items {
            directives += selection.node.directives().len();
            match &selection.node {
                Selection::Field(field) => {
                    aliases += usize::from(field.node.alias.is_some());
                    left.push(&field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => left.push(&inline.node.selection_set.node),
                Selection::FragmentSpread(_) => {}
            }
        }
    }
    check_count("aliases", aliases, ALIASES_MAX)?;
    check_count("directives", directives, DIRECTIVES_MAX)
}

struct Measuring<'d> {
    document: &'d ExecutableDocument,
    variables: &'d Variables,
    operation: &'d OperationDefinition,
    /// Fragments that were measured; `None` is one that is being measured.
    known: HashMap<&'d Name, Option<Measure>>,
}

impl<'d> Measuring<'d> {
    fn selections(&mut self, set: &'d SelectionSet) -> Result<Measure, ApiError> {
        let mut whole = Measure::default();
        for selection in &set.items {
            let part = match &selection.node {
                Selection::Field(field) => self.field(&field.node)?,
                Selection::InlineFragment(inline) => {
                    self.selections(&inline.node.selection_set.node)?
                }
                Selection::FragmentSpread(spread) => {
                    whole.cost = whole.cost.saturating_add(1);
                    self.fragment(&spread.node.fragment_name.node)?
                }
            };
            whole.cost = whole.cost.saturating_add(part.cost);
            whole.fields = whole.fields.saturating_add(part.fields);
            whole.depth = whole.depth.max(part.depth);
            whole.introspection_depth = whole.introspection_depth.max(part.introspection_depth);
        }
        Ok(whole)
    }

    fn field(&mut self, field: &'d Field) -> Result<Measure, ApiError> {
        let below = self.selections(&field.selection_set.node)?;
        let length = self.length(field);
        let cost = below.cost.saturating_mul(length).saturating_add(1);
        let introspects = matches!(field.name.node.as_str(), "__schema" | "__type");
        let deeper = below.depth.max(below.introspection_depth) + 1;
        let (depth, introspection_depth) = match (introspects, below.introspection_depth) {
            (true, _) => (0, deeper),
            (false, 0) => (below.depth + 1, 0),
            (false, asked) => (below.depth + 1, asked + 1),
        };
        Ok(Measure {
            cost,
            depth,
            introspection_depth,
            fields: 1,
        })
    }

    fn fragment(&mut self, name: &'d Name) -> Result<Measure, ApiError> {
        match self.known.get(name) {
            Some(Some(measure)) => return Ok(*measure),
            Some(None) => {
                let message = format!("The fragment '{name}' contains itself.");
                return Err(ApiError::query_too_complex(message));
            }
            None => {}
        }
        // One that is not there is for the validation to name.
        let Some(fragment) = self.document.fragments.get(name) else {
            return Ok(Measure::default());
        };
        self.known.insert(name, None);
        let measure = self.selections(&fragment.node.selection_set.node)?;
        self.known.insert(name, Some(measure));
        Ok(measure)
    }

    /// How many entries a field may answer.
    fn length(&self, field: &Field) -> usize {
        let asked = ["first", "last"].iter().filter_map(|name| {
            let given = field.get_argument(name)?.node.clone();
            // A variable that has no value is a list of the usual length.
            let value = given.into_const_with(|name| self.variable(&name).cloned().ok_or(()));
            Some(most_of(&value.unwrap_or_default()))
        });
        let is_list = || LISTS.contains(&field.name.node.as_str());
        match asked.max() {
            Some(most) => most,
            None if is_list() => PAGE_ITEMS,
            None => 1,
        }
    }

    fn variable(&self, name: &Name) -> Option<&Value> {
        self.variables.get(name).or_else(|| {
            let mut defined = self.operation.variable_definitions.iter();
            let defined = defined.find(|variable| variable.node.name.node == *name)?;
            defined.node.default_value.as_ref().map(|value| &value.node)
        })
    }
}

/// How long a list may be that is asked for with this. What is no number, or too large a one, is
/// refused where it is read; here it counts as the most.
fn most_of(asked: &Value) -> usize {
    match asked {
        Value::Null => PAGE_ITEMS,
        Value::Number(number) => {
            let asked = number
                .as_u64()
                .and_then(|asked| usize::try_from(asked).ok());
            asked.unwrap_or(PAGE_ITEMS_MAX).clamp(1, PAGE_ITEMS_MAX)
        }
        _ => PAGE_ITEMS_MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::parser::parse_query;
    use serde_json::json;

    fn admitted(document: &str, variables: serde_json::Value) -> Result<(), ApiError> {
        let document = parse_query(document).unwrap();
        admit(&document, &Variables::from_json(variables), true)
    }

    #[track_caller]
    fn refused(document: &str, because: &str) {
        let error = admitted(document, json!({})).unwrap_err();
        assert!(error.message().contains(because), "{error:?}");
    }

    /// A fragment that doubles so many times.
    fn bomb(doublings: usize) -> String {
        let mut document = "{ ...F0 }".to_owned();
        for at in 0..doublings {
            let next = at + 1;
            document.push_str(&format!(
                "fragment F{at} on Query {{ a {{ ...F{next} ...F{next} }} }} "
            ));
        }
        document + &format!("fragment F{doublings} on Query {{ b }}")
    }

    #[test]
    fn fragments_are_measured_where_they_are_put() {
        refused("{ ...A } fragment A on Query { a { ...A } }", "itself");
        refused(
            "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
            "itself",
        );
        refused(&bomb(200), "levels");
        assert!(admitted(&bomb(8), json!({})).is_ok());
        let doubling =
            |at: usize| format!("fragment F{at} on Query {{ ...F{0} ...F{0} }} ", at + 1);
        let empty: String = (0..100).map(doubling).collect();
        refused(&format!("{{ ...F0 }} {empty}"), "cost");
    }

    #[test]
    fn depth_and_width_have_ends() {
        let nested = |depth: usize| format!("{}a{}", "{a".repeat(depth), "}".repeat(depth));
        assert!(admitted(&nested(DEPTH_MAX - 1).replace("aa", "a{a}"), json!({})).is_ok());
        refused(&nested(30).replace("aa", "a{a}"), "levels");
        refused(&format!("{{ {} }}", "a ".repeat(21)), "root");
        refused(&format!("{{ a {{ {} }} }}", "b: c ".repeat(31)), "aliases");
        refused(&format!("{{ a {} }}", "@b ".repeat(21)), "directives");
        let many: String = (0..11).map(|at| format!("query Q{at} {{ a }} ")).collect();
        refused(&many, "operations");
    }

    #[test]
    fn lists_cost_what_they_may_hold() {
        let nested = "query($n: Int = 100) { conversations(first: $n) { edges { node {
            items(first: $n) { edges { node { id } } } responses { id } } } } }";
        assert!(admitted(nested, json!({})).is_ok());
        let thrice = nested.replace("responses { id }", "responses(first: 100) { steps { id } }");
        assert!(admitted(&thrice, json!({})).is_err());
        assert!(admitted(&thrice, json!({"n": 2_147_483_647})).is_err());
        assert!(admitted(&thrice, json!({"n": "many"})).is_err());
        assert!(admitted(&thrice, json!({"n": 10})).is_ok());
    }

    #[test]
    fn the_schema_is_shown_to_whom_it_is_meant_for() {
        for asks in [
            "{ __schema { types { name } } }",
            "{ a ...F } fragment F on Query { x: __type(name: \"Query\") { name } }",
        ] {
            let document = parse_query(asks).unwrap();
            assert!(admit(&document, &Variables::default(), true).is_ok());
            assert!(admit(&document, &Variables::default(), false).is_err());
        }
        let document = parse_query("{ __typename a { __typename } }").unwrap();
        assert!(admit(&document, &Variables::default(), false).is_ok());
    }
}
