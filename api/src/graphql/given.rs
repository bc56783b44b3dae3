//! What clients give, read: names of things, and texts that can be kept.

use std::fmt::Display;

use async_graphql::ID;

use crate::error::ApiError;

/// The id in a field of this name.
pub(super) fn id_of<Id>(given: &ID, field: &str) -> Result<Id, ApiError>
where
    Id: TryFrom<String, Error: Display>,
{
    Id::try_from(given.to_string())
        .map_err(|invalid| ApiError::invalid_value(format!("Invalid id: {invalid}.")).at(field))
}
