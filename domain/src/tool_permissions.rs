//! Which of the deployment's own tools a caller may use. Asked when tools are listed and again when
//! one is called.

use std::collections::BTreeSet;

use crate::caller::{Caller, CallerKind};
use crate::response::EffectClass;

/// What an operator allows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolPermissions {
    /// Anybody.
    pub everyone: ToolAllowance,
    /// Guests, of what is allowed to anybody.
    pub guests: ToolAllowance,
}

/// Some of the tools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolAllowance {
    /// Those of these names; `None` means any.
    pub names: Option<BTreeSet<String>>,
    /// Only those that read.
    pub read_only: bool,
}

impl ToolPermissions {
    /// What `caller` may use. Whoever comes without credentials is a guest that may only read.
    pub fn of(&self, caller: &Caller) -> ToolAllowance {
        let mut allowance = self.everyone.clone();
        if caller.kind == CallerKind::Guest {
            allowance = allowance.and(&self.guests);
        }
        allowance.read_only |= caller.is_nobody();
        allowance
    }
}

impl ToolAllowance {
    /// All tools that read.
    pub fn read_only() -> Self {
        Self {
            names: None,
            read_only: true,
        }
    }

    /// The tools of these names.
    pub fn only(names: BTreeSet<String>) -> Self {
        Self {
            names: Some(names),
            read_only: false,
        }
    }

    /// Whether `tool` is one of them.
    pub fn allows(&self, tool: &str, effect: EffectClass) -> bool {
        let named = self.names.as_ref().is_none_or(|names| names.contains(tool));
        named && (!self.read_only || effect == EffectClass::Pure)
    }

    /// What both allow.
    fn and(self, other: &Self) -> Self {
        let names = match (self.names, &other.names) {
            (Some(names), Some(others)) => Some(names.intersection(others).cloned().collect()),
            (names, others) => names.or_else(|| others.clone()),
        };
        Self {
            names,
            read_only: self.read_only || other.read_only,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> ToolAllowance {
        ToolAllowance::only(names.iter().map(|&name| name.to_owned()).collect())
    }

    fn caller(kind: CallerKind) -> Caller {
        let session = crate::id::SessionId::parse("sess_1").unwrap();
        Caller {
            kind,
            session: Some(session),
            ..Caller::nobody()
        }
    }

    #[test]
    fn a_guest_may_use_what_everyone_may_and_guests_may() {
        let permissions = ToolPermissions {
            everyone: named(&["search", "pay"]),
            guests: named(&["search", "run"]),
        };
        let allows = |kind, tool| {
            let allowance = permissions.of(&caller(kind));
            allowance.allows(tool, EffectClass::Unsafe)
        };
        for (tool, user, guest) in [
            ("search", true, true),
            ("pay", true, false),
            ("run", false, false),
        ] {
            assert_eq!(allows(CallerKind::User, tool), user, "{tool}");
            assert_eq!(allows(CallerKind::Guest, tool), guest, "{tool}");
        }
    }

    #[test]
    fn nobody_may_only_read() {
        let permissions = ToolPermissions::default();
        let guest = permissions.of(&caller(CallerKind::Guest));
        let nobody = permissions.of(&Caller::nobody());
        assert!(guest.allows("pay", EffectClass::Unsafe));
        assert!(nobody.allows("search", EffectClass::Pure));
        for effect in [EffectClass::Idempotent, EffectClass::Unsafe] {
            assert!(!nobody.allows("pay", effect));
        }
    }
}
