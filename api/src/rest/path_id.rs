//! Ids in paths.

use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use jan_domain::id::{
    AccountId, ConversationId, DocumentId, InvalidId, ItemId, MediaId, ResponseId,
};

use crate::error::ApiError;

/// An id that a path can hold, under a name of its own.
pub(crate) trait PathId: Sized {
    /// The parameter's name in routes and in errors.
    const NAME: &'static str;

    /// Reads the id from its text, which is percent-decoded already.
    fn parse(text: &str) -> Result<Self, InvalidId>;
}

/// The id of this kind in the request's path.
pub(crate) struct InPath<Id>(pub(crate) Id);

impl<S: Send + Sync, Id: PathId> FromRequestParts<S> for InPath<Id> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|rejection| undecodable(&rejection))?;
        let text = params
            .iter()
            .find(|(name, _)| *name == Id::NAME)
            .map(|(_, text)| text)
            .unwrap_or_default();
        Id::parse(text).map(Self).map_err(|invalid| {
            let name = Id::NAME;
            ApiError::invalid_value(format!("Invalid '{name}': {invalid}.")).at(name)
        })
    }
}

/// No parameter can be read when one of them is not UTF-8; the rejection names that one in its text.
fn undecodable(rejection: &RawPathParamsRejection) -> ApiError {
    let text = rejection.body_text();
    let name = text.split('`').nth(1).unwrap_or_default().to_owned();
    ApiError::invalid_value(format!("{text}.")).at(name)
}

impl PathId for ConversationId {
    const NAME: &'static str = "conversation_id";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl PathId for AccountId {
    const NAME: &'static str = "account_id";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl PathId for DocumentId {
    const NAME: &'static str = "document";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

impl PathId for MediaId {
    const NAME: &'static str = "media_id";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

/// The id of a file in a path; it is media all the same.
pub(crate) struct FileId(pub(crate) MediaId);

impl PathId for FileId {
    const NAME: &'static str = "file_id";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        MediaId::parse(text).map(Self)
    }
}

impl PathId for ItemId {
    const NAME: &'static str = "item_id";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}

/// The id of a response in a path; chat completions have paths of their own.
pub(crate) struct RunId(pub(crate) ResponseId);

impl PathId for RunId {
    const NAME: &'static str = "response_id";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        ResponseId::parse(text).map(Self)
    }
}

impl PathId for ResponseId {
    const NAME: &'static str = "completion_id";

    fn parse(text: &str) -> Result<Self, InvalidId> {
        Self::parse(text)
    }
}
