use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::Script;

/// What both servers know.
pub(super) struct Office {
    pub(super) base: String,
    pub(super) tools: String,
    pub(super) script: Script,
    pub(super) http: reqwest::Client,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    next: u64,
    /// Code to PKCE challenge, client and scope.
    codes: HashMap<String, (String, String, String)>,
    /// Access token to scope.
    access: HashMap<String, String>,
    /// Refresh token to client and scope; good once.
    refresh: HashMap<String, (String, String)>,
    asked: Vec<String>,
    bearers: Vec<String>,
    last_form: Value,
    secrets: Vec<String>,
}

/// What is given for a code or a refresh token.
pub(super) struct Given {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    pub(super) scope: String,
}

impl Office {
    pub(super) fn new(
        (base, tools): (String, String),
        script: Script,
        http: reqwest::Client,
    ) -> Self {
        Self {
            base,
            tools,
            script,
            http,
            books: Mutex::default(),
        }
    }

    pub(super) fn issuer(&self) -> String {
        let named = self.script.issuer.clone();
        named.unwrap_or_else(|| self.base.clone())
    }

    pub(super) fn code(&self, challenge: String, client: String, scope: String) -> String {
        let mut books = self.books();
        let code = books.fresh("code");
        books.codes.insert(code.clone(), (challenge, client, scope));
        code
    }

    pub(super) fn take_code(&self, code: &str) -> Option<(String, String, String)> {
        self.books().codes.remove(code)
    }

    pub(super) fn take_refresh(&self, token: &str) -> Option<(String, String)> {
        self.books().refresh.remove(token)
    }

    pub(super) fn give(&self, client: Option<&str>, scope: &str) -> Given {
        let mut books = self.books();
        let access = books.fresh("access");
        books.access.insert(access.clone(), scope.to_owned());
        let refresh = client.map(|client| {
            let refresh = books.fresh("refresh");
            let whose = (client.to_owned(), scope.to_owned());
            books.refresh.insert(refresh.clone(), whose);
            refresh
        });
        Given {
            access,
            refresh,
            scope: scope.to_owned(),
        }
    }

    /// The scope of a token that is good.
    pub(super) fn scope_of(&self, token: &str) -> Option<String> {
        let mut books = self.books();
        books.bearers.push(token.to_owned());
        books.access.get(token).cloned()
    }

    pub(super) fn note(&self, form: &HashMap<String, String>) {
        let mut books = self.books();
        let kind = form.get("grant_type").cloned().unwrap_or_default();
        books.asked.push(kind);
        books.last_form = serde_json::json!(form);
    }

    pub(super) fn forget(&self, refresh_too: bool) {
        let mut books = self.books();
        books.access.clear();
        if refresh_too {
            books.refresh.clear();
        }
    }

    pub(super) fn asked(&self) -> Vec<String> {
        self.books().asked.clone()
    }

    pub(super) fn bearers(&self) -> Vec<String> {
        self.books().bearers.clone()
    }

    pub(super) fn last_form(&self) -> Value {
        self.books().last_form.clone()
    }

    pub(super) fn secrets(&self) -> Vec<String> {
        self.books().secrets.clone()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn fresh(&mut self, kind: &str) -> String {
        self.next += 1;
        let secret = format!("{kind}-secret-{:08}", self.next);
        self.secrets.push(secret.clone());
        secret
    }
}
