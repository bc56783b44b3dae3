use jan_infra::config::{GraphqlSettings, ServerSettings};

use crate::state::Introspection;

/// Who is shown the GraphQL schema. On loopback, whoever is there may read the code as well.
pub fn introspection(server: &ServerSettings, graphql: &GraphqlSettings) -> Introspection {
    match graphql.introspection {
        Some(true) => Introspection::Everybody,
        Some(false) => Introspection::Administrators,
        None if server.bind.is_loopback() => Introspection::Everybody,
        None => Introspection::NoGuests,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_operator_says_counts_and_else_where_the_server_listens() {
        let shown = |bind: &str, said| {
            let server = ServerSettings {
                bind: bind.parse().unwrap(),
                ..ServerSettings::default()
            };
            introspection(
                &server,
                &GraphqlSettings {
                    introspection: said,
                },
            )
        };
        assert_eq!(shown("127.0.0.1", None), Introspection::Everybody);
        assert_eq!(shown("::1", Some(false)), Introspection::Administrators);
        assert_eq!(shown("0.0.0.0", None), Introspection::NoGuests);
        assert_eq!(shown("0.0.0.0", Some(true)), Introspection::Everybody);
    }
}
