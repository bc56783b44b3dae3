use async_graphql::SimpleObject;

use crate::error::ApiError;

/// Why a mutation did not do what it was asked: something that its caller can put right.
#[derive(Debug, Clone, SimpleObject)]
pub(super) struct UserError {
    /// Stable, and the code of the REST API in capitals: `NOT_FOUND`, `INVALID_VALUE`,
    /// `CONVERSATION_LOCKED` and so on.
    code: String,
    /// A sentence for people.
    message: String,
    /// The field of the input that it is about, such as `items[0].content`.
    field: Option<String>,
}

impl From<&ApiError> for UserError {
    fn from(error: &ApiError) -> Self {
        Self {
            code: error.graphql_code(),
            message: error.message().to_owned(),
            field: error.graphql_field(),
        }
    }
}
