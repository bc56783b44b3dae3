use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use jan_domain::caller::Owner;
use jan_domain::ports::{Clock as _, GrantFailure, GrantStore, ToolFailure};
use rmcp::transport::auth::AuthError;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::flow::{Flow, STEP};
use super::grant::{Oauth, Secret};
use super::http::GuardedHttp;
use crate::clock::SystemClock;
use crate::tools::settings::OauthSettings;

/// Scopes that a server may want beyond what was granted.
const SCOPES_MAX: usize = 64;
/// Grants that are renewed at once, about; of two with one number the second waits.
const RENEWED_AT_ONCE: usize = 64;

/// What callers were granted, put to use.
pub(in crate::tools) struct Grants {
    pub(super) store: Option<Arc<dyn GrantStore>>,
    pub(super) http: GuardedHttp,
    pub(super) settings: OauthSettings,
    renewing: Vec<Mutex<()>>,
}

/// A grant in use.
#[derive(Clone)]
pub(in crate::tools) struct Held {
    owner: Owner,
    server: String,
    /// For a server of the operator's: how it is reached.
    home: Option<reqwest::Client>,
    secret: Secret,
}

impl Held {
    /// Whose it is.
    pub(in crate::tools) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// What is sent.
    pub(in crate::tools) fn bearer(&self) -> Option<String> {
        self.secret.bearer()
    }
}

impl Grants {
    /// What is kept in this store. Without one nobody is granted anything.
    pub(in crate::tools) fn new(
        store: Option<Arc<dyn GrantStore>>,
        http: GuardedHttp,
        settings: OauthSettings,
    ) -> Self {
        Self {
            store,
            http,
            settings,
            renewing: std::iter::repeat_with(Mutex::default)
                .take(RENEWED_AT_ONCE)
                .collect(),
        }
    }

    /// What opens a server to this caller, renewed if its time is over.
    pub(in crate::tools) async fn held(
        &self,
        owner: &Owner,
        server: &str,
        home: Option<&reqwest::Client>,
    ) -> Result<Option<Held>, ToolFailure> {
        let Some(secret) = self
            .find(owner, server)
            .await
            .map_err(|failure| unreachable(&failure))?
        else {
            return Ok(None);
        };
        let held = Held {
            owner: owner.clone(),
            server: server.to_owned(),
            home: home.cloned(),
            secret,
        };
        if held.secret.is_stale(SystemClock.now()) {
            return self.renewed(&held).await;
        }
        Ok(Some(held))
    }

    /// The grant that takes this one's place, which the server does not take any more. One at a time
    /// asks for it, since most authorization servers let a grant be renewed once.
    pub(in crate::tools) async fn renewed(&self, held: &Held) -> Result<Option<Held>, ToolFailure> {
        let _turn = self.renewing[held.number()].lock().await;
        if let Some(newer) = self.replaced(held).await? {
            return Ok(Some(newer));
        }
        let Secret::Oauth(oauth) = &held.secret else {
            return Ok(None);
        };
        if !oauth.is_renewable() {
            return Ok(None);
        }
        let flow = self.flow(&held.server, held.home.as_ref());
        let renewed = timeout(STEP, flow.renew(Oauth::clone(oauth))).await;
        match renewed.map_err(|_| ToolFailure::Unreachable)? {
            Ok(renewed) => {
                let secret = Secret::Oauth(Box::new(renewed));
                self.keep(&held.owner, &held.server, &secret)
                    .await
                    .map_err(|failure| unreachable(&failure))?;
                Ok(Some(Held {
                    secret,
                    ..held.clone()
                }))
            }
            // Another node may have been faster.
            Err(AuthError::TokenRefreshRejected(_) | AuthError::AuthorizationRequired) => {
                self.replaced(held).await
            }
            Err(error) => {
                tracing::warn!(
                    tool_server.url = held.server,
                    "a grant could not be renewed: {}",
                    super::authorizations::told(&error)
                );
                Err(ToolFailure::Unreachable)
            }
        }
    }

    /// Remembers what a server wants beyond what was granted, for when the caller asks again.
    pub(in crate::tools) async fn want(
        &self,
        held: &Held,
        scopes: &str,
    ) -> Result<(), GrantFailure> {
        let Secret::Oauth(oauth) = &held.secret else {
            return Ok(());
        };
        let mut oauth = oauth.clone();
        let scopes = scopes.split_whitespace().take(SCOPES_MAX);
        oauth.wanted = scopes.map(str::to_owned).collect();
        let secret = Secret::Oauth(oauth);
        self.keep(&held.owner, &held.server, &secret).await
    }

    pub(super) async fn find(
        &self,
        owner: &Owner,
        server: &str,
    ) -> Result<Option<Secret>, GrantFailure> {
        let Some(store) = &self.store else {
            return Ok(None);
        };
        let grant = store.find(owner, server).await?;
        Ok(grant.as_ref().and_then(Secret::read))
    }

    pub(super) async fn keep(
        &self,
        owner: &Owner,
        server: &str,
        secret: &Secret,
    ) -> Result<(), GrantFailure> {
        let kept = secret.kept(server);
        match (&self.store, kept) {
            (Some(store), Some(kept)) => store.keep(owner, kept).await,
            _ => Err(GrantFailure::Unsealed),
        }
    }

    pub(super) fn flow<'a>(&'a self, server: &'a str, home: Option<&reqwest::Client>) -> Flow<'a> {
        Flow {
            server,
            http: match home {
                Some(client) => self.http.at_home(server, client),
                None => self.http.clone(),
            },
            settings: &self.settings,
        }
    }

    /// What is kept now, if it is not what is held.
    async fn replaced(&self, held: &Held) -> Result<Option<Held>, ToolFailure> {
        let kept = self.find(&held.owner, &held.server).await;
        let kept = kept.map_err(|failure| unreachable(&failure))?;
        let newer = kept.filter(|kept| kept.bearer() != held.secret.bearer());
        Ok(newer.map(|secret| Held {
            secret,
            ..held.clone()
        }))
    }
}

impl Held {
    fn number(&self) -> usize {
        let mut hasher = DefaultHasher::new();
        (self.owner.account.as_str(), &self.server).hash(&mut hasher);
        usize::try_from(hasher.finish() % RENEWED_AT_ONCE as u64).unwrap_or_default()
    }
}

/// Nothing was sent to the tool server.
fn unreachable(failure: &GrantFailure) -> ToolFailure {
    tracing::error!(error = %failure, "what opens a tool server cannot be had: {failure}");
    ToolFailure::Unreachable
}
