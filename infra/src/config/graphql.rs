use super::setting::Setting;

/// The GraphQL endpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphqlSettings {
    /// Whether the schema is shown to whoever has a token. Nothing said: to everybody on loopback,
    /// elsewhere to all but guests.
    pub introspection: Option<bool>,
}

pub(super) const SETTINGS: &[Setting<GraphqlSettings>] = &[Setting {
    name: "graphql.introspection",
    env: &["JAN_GRAPHQL_INTROSPECTION"],
    doc: "Whether the GraphQL schema is shown to others than administrators; when nothing is said, to everybody if the server listens on loopback, else to all but guests",
    slot: |graphql| &mut graphql.introspection,
}];
