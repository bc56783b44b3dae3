use jan_domain::caller::Owner;

use super::listing::Lists;
use super::oauth::Grants;
use super::sessions::Sessions;

/// What it takes to ask a server something.
#[derive(Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) sessions: &'a Sessions,
    pub(super) lists: &'a Lists,
    pub(super) grants: &'a Grants,
    /// On whose behalf; nobody's when an operator looks.
    pub(super) owner: Option<&'a Owner>,
}
