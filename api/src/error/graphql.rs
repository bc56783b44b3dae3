//! Errors in GraphQL's words, and the statuses of GraphQL over HTTP.

use async_graphql::{Error, ErrorExtensionValues, ServerError};
use http::StatusCode;
use serde_json::{Value, json};

use super::ApiError;

impl ApiError {
    /// 400: the document asks for more than anybody needs.
    pub fn query_too_complex(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "query_too_complex", message).at("query")
    }

    /// 400: the document is not GraphQL, or not of this schema.
    pub fn invalid_query(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_query", message).at("query")
    }

    /// 400: the schema is not shown to this caller.
    pub fn introspection_off() -> Self {
        let message = "The schema is not shown here. `jan-server graphql-schema` prints it.";
        Self::new(StatusCode::BAD_REQUEST, "introspection_off", message).at("query")
    }

    /// 406: no form of an answer that the client takes.
    pub fn not_acceptable() -> Self {
        let message = "Answers come as application/graphql-response+json, application/json or \
                       text/event-stream.";
        Self::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", message).at("Accept")
    }

    /// 405: only queries may be asked with GET.
    pub fn only_queries() -> Self {
        let message = "Only queries may be sent with GET. Send this with POST.";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
    }

    /// 429: a caller follows as much as it may.
    pub fn too_many_subscriptions() -> Self {
        let message = "You follow as much at once as one account may. End something first.";
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_subscriptions",
            message,
        );
        error.retry_after = Some(1);
        error
    }

    /// The code as GraphQL clients expect codes: the REST API's in capitals, but for the one that
    /// every client looks for.
    pub fn graphql_code(&self) -> String {
        if self.is_unauthorized() {
            return "UNAUTHENTICATED".to_owned();
        }
        self.code.to_uppercase()
    }

    /// The field it is about, as GraphQL names it: the first name in camel case.
    pub fn graphql_field(&self) -> Option<String> {
        let param = self.param()?;
        let end = param.find(['.', '[']).unwrap_or(param.len());
        let (first, rest) = param.split_at(end);
        let mut words = first.split('_');
        let mut field = words.next().unwrap_or_default().to_owned();
        for word in words {
            let mut letters = word.chars();
            field.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            field.push_str(letters.as_str());
        }
        Some(field + rest)
    }

    /// Whether it is the caller's to put right, and so part of a mutation's answer.
    pub fn is_callers(&self) -> bool {
        self.status.is_client_error() && !self.is_unauthorized()
    }

    /// Whether what was asked for is not there, or somebody else's.
    pub fn is_not_found(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    /// A whole answer that has nothing but this error.
    pub fn graphql_body(&self) -> Value {
        let mut extensions = json!({
            "code": self.graphql_code(),
            "status": self.status.as_u16(),
        });
        if let Some(field) = self.graphql_field() {
            extensions["field"] = json!(field);
        }
        json!({"errors": [{"message": self.message, "extensions": extensions}]})
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", error.graphql_code());
        extensions.set("status", error.status.as_u16());
        if let Some(field) = error.graphql_field() {
            extensions.set("field", field);
        }
        Self {
            message: error.message,
            source: None,
            extensions: Some(extensions),
        }
    }
}

/// Gives an error of the parser or the validation its code.
pub fn coded(error: &mut ServerError) {
    let extensions = error.extensions.get_or_insert_default();
    if extensions.get("code").is_none() {
        extensions.set("code", "INVALID_QUERY");
        extensions.set("status", StatusCode::BAD_REQUEST.as_u16());
    }
}

/// The status of an answer in GraphQL's own media type. What could not be begun is the client's
/// mistake; what was begun is answered, errors and all. Under plain JSON, clients of old expect 200.
pub fn status_of_graphql(begun: bool, own_media_type: bool) -> StatusCode {
    if begun || !own_media_type {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    }
}

/// The status under which a mutation's answer is kept for its key.
pub fn status_of_kept_mutation() -> u16 {
    StatusCode::OK.as_u16()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_fields_are_said_as_graphql_says_them() {
        let error = ApiError::missing("max_output_tokens");
        assert_eq!(error.graphql_code(), "MISSING_REQUIRED_PARAMETER");
        assert_eq!(error.graphql_field().as_deref(), Some("maxOutputTokens"));
        let nested = ApiError::invalid_value("x").at("items[0].some_name");
        assert_eq!(
            nested.graphql_field().as_deref(),
            Some("items[0].some_name")
        );
        assert_eq!(ApiError::unauthorized().graphql_code(), "UNAUTHENTICATED");
        assert!(!ApiError::unauthorized().is_callers());
        assert!(ApiError::not_found("x", "y").is_callers());
    }
}
