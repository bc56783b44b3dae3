use jan_domain::caller::Owner;
use jan_domain::ports::{
    AuthorizationAnswer, AuthorizationFailure, AwaitedAnswer, AwaitedAuthorization,
    BegunAuthorization, Clock as _, Credential, GrantFailure, GrantRecord, GrantStore,
};
use rmcp::transport::auth::AuthError;

use super::flow::{STEP, Wanted};
use super::grant::{Away, Secret};
use super::grants::Grants;
use crate::clock::SystemClock;
use crate::model_provider::masking::Mask;
use crate::tools::headers::bearer;

/// Longest challenge that is listened to.
const CHALLENGE_BYTES_MAX: usize = 4 << 10;
/// Longest word of a stranger's in our log.
const WORD_CHARS_MAX: usize = 300;

/// A server as it is reached.
pub(in crate::tools) struct Door {
    /// The URL of its MCP endpoint.
    pub(in crate::tools) server: String,
    /// For a server of the operator's: how it is reached.
    pub(in crate::tools) home: Option<reqwest::Client>,
}

/// What a caller wants there.
pub(in crate::tools) struct Wish {
    /// What the server says to who brings nothing.
    pub(in crate::tools) challenge: Option<String>,
    pub(in crate::tools) scopes: Vec<String>,
    pub(in crate::tools) client: Option<(String, Option<Credential>)>,
}

impl Grants {
    /// Sends a person to a server's authorization server.
    pub(in crate::tools) async fn begin(
        &self,
        owner: &Owner,
        door: &Door,
        wish: Wish,
    ) -> Result<BegunAuthorization, AuthorizationFailure> {
        let store = self.store()?;
        let mut scopes = wish.scopes;
        if let Some(Secret::Oauth(before)) = self.find(owner, &door.server).await? {
            scopes.extend(before.credentials.granted_scopes);
            scopes.extend(before.wanted);
        }
        let wanted = Wanted {
            scopes,
            challenge: wish
                .challenge
                .filter(|words| words.len() <= CHALLENGE_BYTES_MAX),
            client: wish.client,
        };
        let flow = self.flow(&door.server, door.home.as_ref());
        let begun = in_time(flow.begin(wanted)).await?;
        let (url, away) = begun.map_err(|error| unusable(&door.server, &error))?;
        let awaited = away.awaited(&door.server, SystemClock.now());
        let awaited = awaited.ok_or(GrantFailure::Unsealed)?;
        let until = awaited.until;
        store.await_answer(owner, awaited).await?;
        Ok(BegunAuthorization {
            server: door.server.clone(),
            url,
            until,
        })
    }

    /// Whom an answer belongs to, and where it leads.
    pub(in crate::tools) async fn awaited(
        &self,
        state: &str,
    ) -> Result<(Owner, AwaitedAnswer), AuthorizationFailure> {
        let awaited = self.store()?.awaited(state).await?;
        awaited.ok_or(AuthorizationFailure::NotAwaited)
    }

    /// Takes the answer that a person brings back. A forged one spoils nothing: what is awaited goes on
    /// being awaited until the right one comes.
    pub(in crate::tools) async fn finish(
        &self,
        door: &Door,
        (owner, awaited): (Owner, AwaitedAnswer),
        answer: &AuthorizationAnswer,
    ) -> Result<AwaitedAuthorization, AuthorizationFailure> {
        let away = Away::read(&awaited).ok_or(AuthorizationFailure::NotAwaited)?;
        let flow = self.flow(&door.server, door.home.as_ref());
        let given = flow.finish(away, answer.code.reveal(), answer.issuer.as_deref());
        let given = in_time(given).await?;
        let given = given.map_err(|error| unusable(&door.server, &error))?;
        if !self.store()?.take(&awaited.state).await? {
            return Err(AuthorizationFailure::NotAwaited);
        }
        let secret = Secret::Oauth(Box::new(given));
        self.keep(&owner, &door.server, &secret).await?;
        Ok(AwaitedAuthorization {
            server: awaited.server,
            account: owner.account,
        })
    }

    /// Keeps a token of the caller's own.
    pub(in crate::tools) async fn keep_token(
        &self,
        owner: &Owner,
        door: &Door,
        token: &Credential,
    ) -> Result<GrantRecord, AuthorizationFailure> {
        if bearer(token.reveal()).is_none() {
            return Err(AuthorizationFailure::BadToken);
        }
        let secret = Secret::Token(token.reveal().to_owned());
        self.keep(owner, &door.server, &secret).await?;
        let listed = self.store()?.list(owner).await?;
        let kept = listed.into_iter().find(|kept| kept.server == door.server);
        kept.ok_or(AuthorizationFailure::NotAwaited)
    }

    /// The store, for who cannot do without.
    pub(in crate::tools) fn store(&self) -> Result<&dyn GrantStore, GrantFailure> {
        self.store.as_deref().ok_or(GrantFailure::Unsealed)
    }
}

async fn in_time<T>(step: impl Future<Output = T>) -> Result<T, AuthorizationFailure> {
    let late =
        || AuthorizationFailure::Unusable("the authorization server takes too long".to_owned());
    tokio::time::timeout(STEP, step).await.map_err(|_| late())
}

fn unusable(server: &str, error: &AuthError) -> AuthorizationFailure {
    let words = Mask::new(None).apply(&error.to_string(), WORD_CHARS_MAX);
    tracing::info!(
        tool_server.url = server,
        "no authorization at a tool server: {words}"
    );
    AuthorizationFailure::Unusable(told(error))
}

/// What a caller is told: our words, since an authorization server's own may hold what it was sent.
pub(super) fn told(error: &AuthError) -> String {
    use AuthError as E;
    let words = match error {
        E::DiscoveryRequestFailed { source, .. } => {
            return format!("the server's authorization server cannot be asked: {source}");
        }
        E::ProtectedResourceMetadataInvalid { .. } => {
            "the server's metadata is not about the server"
        }
        E::AuthorizationServersUnavailable { .. } => {
            "none of the authorization servers that the server names can be used"
        }
        E::PkceUnsupported => "the authorization server does not know PKCE with S256",
        E::RegistrationFailed(_) => {
            "the authorization server registers no clients by itself: register one there, and send its client_id"
        }
        E::AuthorizationServerMismatch { .. } | E::AuthorizationServerMissingIssuer { .. } => {
            "the answer is not from the authorization server that was asked"
        }
        E::TokenExchangeFailed(_) | E::AuthorizationFailed(_) => {
            "the authorization server did not take the code"
        }
        E::TokenRefreshFailed(_) | E::TokenRefreshRejected(_) | E::AuthorizationRequired => {
            "the authorization server does not renew the grant"
        }
        E::ClientCredentialsError(_) => "the authorization server does not take our credentials",
        E::InvalidScope(_) => "the authorization server does not know such a scope",
        _ => "the authorization server cannot be understood",
    };
    words.to_owned()
}
