use std::collections::HashMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use jan_domain::caller::Owner;
use jan_domain::ports::{
    AuthorizationAnswer, AuthorizationFailure, AuthorizationWish, AwaitedAuthorization,
    BegunAuthorization, Credential, Entrance, GrantFailure, GrantRecord, NamedServer, ServerDoor,
    ToolAuthorizations, ToolFailure,
};

use super::endpoint::{Destination, Endpoint};
use super::host::{McpToolHost, Parts};
use super::listing;
use super::oauth::{Door, Wish};
use super::own_server::OwnServer;

impl ToolAuthorizations for McpToolHost {
    fn servers(&self, owner: Owner) -> BoxFuture<'static, Result<Vec<ServerDoor>, GrantFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let grants = parts.granted(&owner).await?;
            let door = |server: &OwnServer| {
                let granted = || grants.iter().any(|grant| grant.server == server.url());
                ServerDoor {
                    label: server.name().to_owned(),
                    url: server.url().to_owned(),
                    entrance: match server.is_the_callers() {
                        false => Entrance::Shared,
                        true if granted() => Entrance::Granted,
                        true => Entrance::Required,
                    },
                }
            };
            Ok(parts
                .own
                .all()
                .await
                .iter()
                .map(|server| door(server))
                .collect())
        })
    }

    fn grants(&self, owner: Owner) -> BoxFuture<'static, Result<Vec<GrantRecord>, GrantFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move { parts.granted(&owner).await })
    }

    fn forget(&self, owner: Owner, id: String) -> BoxFuture<'static, Result<bool, GrantFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move { parts.grants.store()?.forget(&owner, &id).await })
    }

    fn keep_token(
        &self,
        owner: Owner,
        server: NamedServer,
        token: Credential,
    ) -> BoxFuture<'static, Result<GrantRecord, AuthorizationFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let (door, _) = parts.door(&server).await?;
            parts.grants.keep_token(&owner, &door, &token).await
        })
    }

    fn begin(
        &self,
        owner: Owner,
        wish: AuthorizationWish,
    ) -> BoxFuture<'static, Result<BegunAuthorization, AuthorizationFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let (door, own) = parts.door(&wish.server).await?;
            let mut wanted = Wish {
                challenge: None,
                scopes: wish.scopes,
                client: wish.client,
            };
            if let Some(own) = own {
                wanted.scopes.extend(own.scopes.iter().cloned());
                wanted.client = wanted.client.or_else(|| own.client.clone());
            }
            wanted.challenge = parts.challenge(&owner, &door).await;
            parts.grants.begin(&owner, &door, wanted).await
        })
    }

    fn awaited(
        &self,
        state: String,
    ) -> BoxFuture<'static, Result<AwaitedAuthorization, AuthorizationFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let (owner, awaited) = parts.grants.awaited(&state).await?;
            Ok(AwaitedAuthorization {
                server: awaited.server,
                account: owner.account,
            })
        })
    }

    fn finish(
        &self,
        answer: AuthorizationAnswer,
    ) -> BoxFuture<'static, Result<AwaitedAuthorization, AuthorizationFailure>> {
        let parts = Arc::clone(&self.parts);
        Box::pin(async move {
            let awaited = parts.grants.awaited(&answer.state).await?;
            let servers = parts.own.all().await;
            let own = servers.iter().find(|own| own.url() == awaited.1.server);
            let door = Door {
                server: awaited.1.server.clone(),
                home: own.map(|own| own.http().clone()),
            };
            parts.grants.finish(&door, awaited, &answer).await
        })
    }
}

impl Parts {
    async fn granted(&self, owner: &Owner) -> Result<Vec<GrantRecord>, GrantFailure> {
        match self.grants.store() {
            Ok(store) => store.list(owner).await,
            Err(_) => Ok(Vec::new()),
        }
    }

    /// What the server says to who brings nothing: it names its authorization server, and the scopes
    /// that it wants.
    async fn challenge(&self, owner: &Owner, door: &Door) -> Option<String> {
        let client = if let Some(client) = &door.home {
            client.clone()
        } else {
            let vetted = self.safe_http.vet(&door.server).ok()?;
            self.safe_http.client(&vetted).clone()
        };
        let destination = Destination {
            url: &door.server,
            client,
            headers: HashMap::new(),
        };
        let limits = Arc::clone(&self.limits);
        let bare = Endpoint::new(
            "to be authorized".to_owned(),
            Some(owner),
            destination,
            limits,
        );
        match listing::list(&self.sessions, &bare).await {
            Err(ToolFailure::Unauthorized) => bare.challenge.words(),
            _ => None,
        }
    }

    /// Where a server is that a caller names. Those of the operator that want nothing of callers are
    /// none of theirs; the others are found by their URL too.
    async fn door(
        &self,
        server: &NamedServer,
    ) -> Result<(Door, Option<Arc<OwnServer>>), AuthorizationFailure> {
        let found = self.own.all().await.into_iter().find(|own| match server {
            NamedServer::Label(label) => own.name() == label,
            NamedServer::Url(url) => own.url() == url && own.is_the_callers(),
        });
        match (server, found) {
            (NamedServer::Label(label), None) => {
                Err(AuthorizationFailure::UnknownServer(label.clone()))
            }
            (_, Some(own)) if !own.is_the_callers() => {
                Err(AuthorizationFailure::Shared(own.name().to_owned()))
            }
            (_, Some(own)) => {
                let door = Door {
                    server: own.url().to_owned(),
                    home: Some(own.http().clone()),
                };
                Ok((door, Some(own)))
            }
            (NamedServer::Url(url), None) => {
                let vetted = self.safe_http.vet(url).map_err(|refusal| {
                    tracing::warn!("the address of a tool server is not called: {refusal}");
                    AuthorizationFailure::Forbidden
                })?;
                let door = Door {
                    server: vetted.as_str().to_owned(),
                    home: None,
                };
                Ok((door, None))
            }
        }
    }
}
