//! Who is asking. Every command and every reader takes a [`Caller`]; nothing loads by id alone.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, ApiKeyId, SessionId, TenantId};

/// The two ids that must both match before anyone sees an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// The organisation.
    pub tenant: TenantId,
    /// The account within it.
    pub account: AccountId,
}

/// How much the deployment knows about a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallerKind {
    /// Anonymous, with an account of its own.
    Guest,
    /// A registered person.
    User,
    /// A machine with a key.
    Service,
    /// May act on the deployment itself.
    Admin,
}

/// An authenticated principal. Made by the authentication layer only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose objects it sees, and who owns what it makes.
    pub owner: Owner,
    /// What it is.
    pub kind: CallerKind,
    /// The session of its token, if it came with one.
    pub session: Option<SessionId>,
    /// The API key it came with, if it did.
    pub key: Option<ApiKeyId>,
}

impl Caller {
    /// Whoever comes without credentials, where that is allowed. Nothing belongs to it but the record
    /// of what it did.
    ///
    /// # Panics
    /// Never: a prefix and letters make an id.
    pub fn nobody() -> Self {
        let account = AccountId::parse("user_nobody").expect("a prefix and letters make an id");
        let tenant = TenantId::default();
        Self {
            owner: Owner { tenant, account },
            kind: CallerKind::Guest,
            session: None,
            key: None,
        }
    }

    /// Whether it came without credentials.
    pub fn is_nobody(&self) -> bool {
        self.session.is_none() && self.key.is_none() && self.kind == CallerKind::Guest
    }

    /// Whether an object of `owner` exists as far as this caller may know.
    pub fn sees(&self, owner: &Owner) -> bool {
        &self.owner == owner
    }
}
