use futures::future::BoxFuture;

use super::ReadFailure;
use crate::caller::Owner;

/// What sessions of programs hold, kept for a while where every process finds it. Nobody comes to
/// anybody else's.
pub trait CodeSessionStore: Send + Sync {
    /// What the owner's session of this name holds.
    fn find<'a>(
        &'a self,
        owner: &'a Owner,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<CodeSession>, ReadFailure>>;

    /// Keeps what it holds now, if its version is the next one; answers whether it was.
    fn keep<'a>(
        &'a self,
        owner: &'a Owner,
        name: &'a str,
        session: &'a CodeSession,
    ) -> BoxFuture<'a, Result<bool, ReadFailure>>;
}

/// What a session holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeSession {
    /// How many programs it has seen: 1 after the first.
    pub version: i64,
    /// As its runner writes it.
    pub picture: Vec<u8>,
}
