//! What is recorded beside every event: who, why, through which request.

use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Owner};
use crate::id::{AccountId, ApiKeyId, TenantId};

/// The provenance stored with an event. The same for every event of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The organisation; events without one are refused by the database.
    pub tenant_id: TenantId,
    /// The owner of the stream.
    pub owner_id: AccountId,
    /// Who acted: an account id, or `system` for recovery.
    pub actor_id: String,
    /// Shared by everything that one outside request set off.
    pub correlation_id: String,
    /// The event or request that directly caused this one.
    pub causation_id: String,
    /// The command; the same when the command is repeated.
    pub command_id: String,
    /// The HTTP request, as answered in `x-request-id`.
    pub request_id: String,
    /// The API key that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<ApiKeyId>,
    /// W3C trace context: a trace finds its events and an event its trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// One outside request, as far as events need to know it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The id answered in `x-request-id`.
    pub id: String,
    /// W3C trace context of the request's span.
    pub traceparent: Option<String>,
}

impl Metadata {
    /// The provenance of what `caller` does through `request` to something of its own.
    pub fn of(caller: &Caller, request: &Request) -> Self {
        Self {
            tenant_id: caller.owner.tenant.clone(),
            owner_id: caller.owner.account.clone(),
            actor_id: caller.owner.account.to_string(),
            correlation_id: request.id.clone(),
            causation_id: request.id.clone(),
            command_id: request.id.clone(),
            request_id: request.id.clone(),
            api_key_id: caller.key.clone(),
            traceparent: request.traceparent.clone(),
        }
    }

    /// The provenance of what the server itself does to something of `owner`.
    pub fn of_system(owner: &Owner, reason: &str) -> Self {
        Self {
            tenant_id: owner.tenant.clone(),
            owner_id: owner.account.clone(),
            actor_id: "system".to_owned(),
            correlation_id: reason.to_owned(),
            causation_id: reason.to_owned(),
            command_id: reason.to_owned(),
            request_id: String::new(),
            api_key_id: None,
            traceparent: None,
        }
    }
}
