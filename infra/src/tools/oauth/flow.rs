//! The steps of OAuth, each on its own: between two of them may lie a person, a restart, another node.

use std::sync::Arc;
use std::time::Duration;

use jan_domain::ports::Credential;
use oauth2::TokenResponse as _;
use rmcp::transport::auth::{
    AuthError, AuthorizationManager, AuthorizationMetadata, ClientCredentialsConfig,
    OAuthTokenResponse, StoredCredentials,
};

use super::client::Client;
use super::grant::{Away, Oauth};
use super::http::GuardedHttp;
use super::memory::Memory;
use crate::tools::settings::OauthSettings;

/// For a whole step, which may be some exchanges: whoever waits for tools waits for it.
pub(super) const STEP: Duration = Duration::from_secs(15);

/// Where it is about.
pub(super) struct Flow<'a> {
    /// The server's MCP endpoint.
    pub(super) server: &'a str,
    pub(super) http: GuardedHttp,
    pub(super) settings: &'a OauthSettings,
}

/// What is asked for.
pub(super) struct Wanted {
    /// What the server asks for when empty.
    pub(super) scopes: Vec<String>,
    /// What the server said when it refused, word for word.
    pub(super) challenge: Option<String>,
    /// Who we are there, if that is settled.
    pub(super) client: Option<(String, Option<Credential>)>,
}

impl Flow<'_> {
    /// Finds out who gives out tokens, makes us known there, and where a person has to go.
    pub(super) async fn begin(&self, wanted: Wanted) -> Result<(String, Away), AuthError> {
        let (mut manager, metadata) = self.discovered(wanted.challenge.as_deref()).await?;
        let mut scopes = manager.select_scopes(None, &[]);
        for scope in wanted.scopes {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        let client = self
            .known_as(&mut manager, &metadata, wanted.client, &scopes)
            .await?;
        manager.configure_client(client.config(&scopes))?;
        let states = Memory::of(None);
        manager.set_state_store(states.clone());
        let asked: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let url = manager.get_authorization_url(&asked).await?;
        let state = states
            .held()
            .ok_or_else(|| AuthError::InternalError("no state was kept".to_owned()))?;
        let away = Away {
            client,
            challenge: wanted.challenge,
            state,
            issuer: metadata.issuer,
        };
        Ok((url, away))
    }

    /// Takes the code that a person brought back.
    pub(super) async fn finish(
        &self,
        away: Away,
        code: &str,
        issuer: Option<&str>,
    ) -> Result<Oauth, AuthError> {
        let (mut manager, metadata) = self.discovered(away.challenge.as_deref()).await?;
        same_issuer(away.issuer.as_deref(), &metadata)?;
        manager.configure_client(away.client.config(&away.state.requested_scopes))?;
        let name = away.state.csrf_token.clone();
        let given = Memory::of(None);
        manager.set_state_store(Memory::of(Some(away.state)));
        manager.set_credential_store(given.clone());
        manager
            .exchange_code_for_token_with_issuer(code, &name, issuer)
            .await?;
        Oauth::given((away.client, away.challenge), &given)
    }

    /// Has a grant renewed.
    pub(super) async fn renew(&self, grant: Oauth) -> Result<Oauth, AuthError> {
        let (mut manager, metadata) = self.discovered(grant.challenge.as_deref()).await?;
        same_issuer(grant.credentials.issuer.as_deref(), &metadata)?;
        manager.configure_client(grant.client.config(&grant.credentials.granted_scopes))?;
        let given = Memory::of(Some(grant.credentials));
        manager.set_credential_store(given.clone());
        manager.refresh_token().await?;
        Oauth::given((grant.client, grant.challenge), &given)
    }

    /// A token for ourselves (SEP-1046): nobody is asked.
    pub(super) async fn for_ourselves(
        &self,
        (id, secret): (&str, &Credential),
        scopes: &[String],
    ) -> Result<OAuthTokenResponse, AuthError> {
        let (mut manager, _) = self.discovered(None).await?;
        let scopes = if scopes.is_empty() {
            manager.select_scopes(None, &[])
        } else {
            scopes.to_vec()
        };
        let config = ClientCredentialsConfig::ClientSecret {
            client_id: id.to_owned(),
            client_secret: secret.reveal().to_owned(),
            scopes,
            resource: Some(self.server.to_owned()),
        };
        manager.validate_client_credentials_metadata(&config)?;
        manager.configure_client_credentials(&config)?;
        manager.exchange_client_credentials(&config).await
    }

    async fn discovered(
        &self,
        challenge: Option<&str>,
    ) -> Result<(AuthorizationManager, AuthorizationMetadata), AuthError> {
        let http = Arc::new(self.http.clone());
        let mut manager =
            AuthorizationManager::new_with_oauth_http_client(self.server, http).await?;
        let found = manager.resolve_metadata_from_challenge(challenge).await?;
        manager.set_metadata(found.metadata.clone());
        Ok((manager, found.metadata))
    }

    /// Who we are there: as somebody has registered us, by our own document, or registered now.
    async fn known_as(
        &self,
        manager: &mut AuthorizationManager,
        metadata: &AuthorizationMetadata,
        settled: Option<(String, Option<Credential>)>,
        scopes: &[String],
    ) -> Result<Client, AuthError> {
        let redirect_uri = self.settings.redirect_uri.clone();
        if let Some((id, secret)) = settled {
            return Ok(Client {
                id,
                secret: secret.map(|secret| secret.reveal().to_owned()),
                redirect_uri,
            });
        }
        let takes_documents = metadata
            .additional_fields
            .get("client_id_metadata_document_supported")
            .and_then(serde_json::Value::as_bool)
            .unwrap_or_default();
        if let Some(document) = self
            .settings
            .client_document
            .as_ref()
            .filter(|_| takes_documents)
        {
            return Ok(Client {
                id: document.clone(),
                secret: None,
                redirect_uri,
            });
        }
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let registered = manager.register_client("Jan Server", &redirect_uri, &scopes);
        Ok(Client::of(&registered.await?))
    }
}

impl Oauth {
    fn given(
        (client, challenge): (Client, Option<String>),
        given: &Memory<StoredCredentials>,
    ) -> Result<Self, AuthError> {
        let credentials = given.held().ok_or(AuthError::AuthorizationRequired)?;
        Ok(Self {
            client,
            credentials,
            challenge,
            wanted: Vec::new(),
        })
    }
}

/// Whoever gives out tokens now must be who did when it began: else a code or a token of one would be
/// shown to another.
fn same_issuer(before: Option<&str>, now: &AuthorizationMetadata) -> Result<(), AuthError> {
    match (before, now.issuer.as_deref()) {
        (Some(before), Some(now)) if before != now => Err(AuthError::AuthorizationServerMismatch {
            expected_issuer: before.to_owned(),
            received_issuer: now.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// What is sent, and for how long it is good.
pub(super) fn bearer_of(token: &OAuthTokenResponse) -> (String, Option<Duration>) {
    (token.access_token().secret().clone(), token.expires_in())
}
