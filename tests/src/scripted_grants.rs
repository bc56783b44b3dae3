use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::ports::{
    AwaitedAnswer, Clock as _, GrantFailure, GrantRecord, GrantStore, ToolGrant,
};
use jan_infra::clock::SystemClock;

/// Grants in memory.
#[derive(Debug, Clone, Default)]
pub struct ScriptedGrants(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    grants: Vec<(Owner, ToolGrant, GrantRecord)>,
    awaited: HashMap<String, (Owner, AwaitedAnswer)>,
}

type Answer<'a, T> = BoxFuture<'a, Result<T, GrantFailure>>;

impl ScriptedGrants {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GrantStore for ScriptedGrants {
    fn find<'a>(&'a self, owner: &'a Owner, server: &'a str) -> Answer<'a, Option<ToolGrant>> {
        let books = self.books();
        let mut grants = books.grants.iter();
        let found = grants.find(|(whose, grant, _)| whose == owner && grant.server == server);
        let found = found.map(|(_, grant, _)| grant.clone());
        std::future::ready(Ok(found)).boxed()
    }

    fn keep<'a>(&'a self, owner: &'a Owner, grant: ToolGrant) -> Answer<'a, ()> {
        let mut books = self.books();
        let record = GrantRecord {
            id: format!("grant_of {}", grant.server),
            server: grant.server.clone(),
            kind: grant.kind,
            scopes: grant.scopes.clone(),
            kept_at: SystemClock.now(),
            expires_at: grant.expires_at,
        };
        let other = |(whose, kept, _): &(Owner, ToolGrant, GrantRecord)| {
            whose != owner || kept.server != grant.server
        };
        books.grants.retain(other);
        books.grants.push((owner.clone(), grant, record));
        std::future::ready(Ok(())).boxed()
    }

    fn list<'a>(&'a self, owner: &'a Owner) -> Answer<'a, Vec<GrantRecord>> {
        let books = self.books();
        let own = books
            .grants
            .iter()
            .rev()
            .filter(|(whose, ..)| whose == owner);
        let own = own.map(|(_, _, record)| record.clone()).collect();
        std::future::ready(Ok(own)).boxed()
    }

    fn forget<'a>(&'a self, owner: &'a Owner, id: &'a str) -> Answer<'a, bool> {
        let mut books = self.books();
        let before = books.grants.len();
        let is = |(whose, _, record): &(Owner, ToolGrant, GrantRecord)| {
            whose == owner && record.id == id
        };
        books.grants.retain(|grant| !is(grant));
        std::future::ready(Ok(books.grants.len() < before)).boxed()
    }

    fn await_answer<'a>(&'a self, owner: &'a Owner, awaited: AwaitedAnswer) -> Answer<'a, ()> {
        let entry = (owner.clone(), awaited.clone());
        self.books().awaited.insert(awaited.state, entry);
        std::future::ready(Ok(())).boxed()
    }

    fn awaited<'a>(&'a self, state: &'a str) -> Answer<'a, Option<(Owner, AwaitedAnswer)>> {
        let books = self.books();
        let found = books.awaited.get(state);
        let found = found.filter(|(_, awaited)| SystemClock.now() < awaited.until);
        std::future::ready(Ok(found.cloned())).boxed()
    }

    fn take<'a>(&'a self, state: &'a str) -> Answer<'a, bool> {
        let taken = self.books().awaited.remove(state).is_some();
        std::future::ready(Ok(taken)).boxed()
    }
}
