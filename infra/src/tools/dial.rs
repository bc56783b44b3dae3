use std::sync::Arc;

use jan_domain::ports::ToolFailure;
use rmcp::transport::auth::WWWAuthenticateParams;
use url::Url;

use super::endpoint::Endpoint;
use super::oauth::{Grants, Held, ServiceToken};

/// An endpoint as it is reached for somebody, and by whose word.
pub(super) struct Dialled {
    pub(super) endpoint: Arc<Endpoint>,
    opener: Opener,
}

/// Whose word opened it.
enum Opener {
    /// It came with the endpoint.
    Given,
    Grant(Held),
    Service(Arc<ServiceToken>),
}

impl Dialled {
    /// As it is.
    pub(super) fn given(endpoint: Arc<Endpoint>) -> Self {
        Self {
            endpoint,
            opener: Opener::Given,
        }
    }

    /// Opened by a caller's grant.
    pub(super) fn by_grant(bare: &Endpoint, held: Held) -> Result<Self, ToolFailure> {
        let token = held.bearer().ok_or(ToolFailure::Unauthorized)?;
        let endpoint = bare.with_bearer(Some(held.owner()), &token);
        Ok(Self {
            endpoint: Arc::new(endpoint.ok_or(ToolFailure::Unauthorized)?),
            opener: Opener::Grant(held),
        })
    }

    /// Opened by the deployment's own name; not with the token `spoilt`.
    pub(super) async fn by_service(
        bare: &Endpoint,
        service: &Arc<ServiceToken>,
        grants: &Grants,
        spoilt: Option<&str>,
    ) -> Result<Self, ToolFailure> {
        let place = (&*bare.url, &bare.client);
        let token = service.bearer(grants, place, spoilt).await?;
        let endpoint = bare.with_bearer(None, &token);
        Ok(Self {
            endpoint: Arc::new(endpoint.ok_or(ToolFailure::Unauthorized)?),
            opener: Opener::Service(Arc::clone(service)),
        })
    }

    /// Asks, and once more if what opened the endpoint could be renewed: who refuses credentials has
    /// done nothing else. Answers by what it was opened in the end.
    pub(super) async fn ask<T, A>(
        self,
        grants: &Grants,
        asking: impl Fn(Arc<Endpoint>) -> A,
    ) -> Result<(T, Self), ToolFailure>
    where
        A: Future<Output = Result<T, ToolFailure>>,
    {
        match asking(Arc::clone(&self.endpoint)).await {
            Err(ToolFailure::Unauthorized) => {
                let again = self.again(grants).await?;
                let again = again.ok_or(ToolFailure::Unauthorized)?;
                let answer = asking(Arc::clone(&again.endpoint)).await?;
                Ok((answer, again))
            }
            answer => Ok((answer?, self)),
        }
    }

    /// The same endpoint with what the server has not refused yet, if there is a way to that. What it
    /// wants beyond what was granted is remembered.
    async fn again(&self, grants: &Grants) -> Result<Option<Self>, ToolFailure> {
        match &self.opener {
            Opener::Given => Ok(None),
            Opener::Service(service) => {
                let spoilt = self.endpoint.bearer();
                let again = Self::by_service(&self.endpoint, service, grants, spoilt);
                again.await.map(Some)
            }
            Opener::Grant(held) => {
                if let Some(scopes) = self.wanted() {
                    if let Err(error) = grants.want(held, &scopes).await {
                        tracing::warn!(error = %error, "what a tool server wants is not remembered");
                    }
                    return Ok(None);
                }
                let renewed = grants.renewed(held).await?;
                let again = renewed.map(|held| Self::by_grant(&self.endpoint, held));
                again.transpose()
            }
        }
    }

    /// The scopes that the server says are missing (RFC 6750 §3.1).
    fn wanted(&self) -> Option<String> {
        let challenge = self.endpoint.challenge.words()?;
        let server = Url::parse(&self.endpoint.url).ok()?;
        let said = WWWAuthenticateParams::parse(&challenge, &server);
        said.scope.clone().filter(|_| said.is_insufficient_scope())
    }
}
