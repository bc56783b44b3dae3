//! Our client of tool servers as the conformance suites of MCP drive it: with a person at its side who
//! agrees to whatever an authorization server asks.

use std::sync::Arc;

use anyhow::Context as _;
use jan_domain::caller::Owner;
use jan_domain::id::{AccountId, StepId, TenantId};
use jan_domain::ports::{
    AuthorizationAnswer, AuthorizationWish, Credential, NamedServer, ServerAuth,
    ToolAuthorizations as _, ToolCall, ToolFailure, ToolHost as _, ToolListing, ToolOffer,
    ToolPlace, ToolResult, ToolServer,
};
use jan_infra::secret::Secret;
use jan_infra::tools::{McpToolHost, OauthSettings, ToolServerSettings, ToolSettings, ToolStores};
use serde_json::Value;

use crate::mcp_scenario::Call;
use crate::scripted_grants::ScriptedGrants;

/// Where the suites' client document is said to be; its authorization servers never fetch it.
const CLIENT_DOCUMENT: &str = "https://conformance-test.local/client-metadata.json";
/// Authorizations that one server may ask for, one after another.
const AUTHORIZATIONS_MAX: usize = 3;

/// A host and a server.
pub struct McpClient {
    host: McpToolHost,
    server: ToolServer,
    url: String,
    owner: Owner,
    registered: Option<(String, Option<Credential>)>,
    http: reqwest::Client,
}

impl McpClient {
    /// For the server at a URL. A scenario's context may bring a client that is registered there.
    pub fn try_new(
        url: String,
        token: Option<String>,
        context: Option<&Value>,
    ) -> anyhow::Result<Self> {
        let said = |name: &str| context.and_then(|context| context[name].as_str());
        let id = said("client_id").map(str::to_owned);
        let secret = said("client_secret").map(str::to_owned);
        let own = said("name").is_some_and(|name| name.contains("client-credentials"));
        let mut settings = ToolSettings {
            allowed: vec!["127.0.0.0/8".parse(), "::1".parse(), "localhost".parse()]
                .into_iter()
                .collect::<Result<_, _>>()
                .map_err(anyhow::Error::msg)?,
            oauth: OauthSettings {
                client_document: Some(CLIENT_DOCUMENT.to_owned()),
                ..OauthSettings::default()
            },
            ..ToolSettings::default()
        };
        if own {
            settings.servers.push(ToolServerSettings {
                auth: ServerAuth::Client,
                client_id: id.clone(),
                client_secret: secret.clone().map(Secret::new),
                ..ToolServerSettings::new("conformance", &url)
            });
        }
        let stores = ToolStores {
            grants: Some(Arc::new(ScriptedGrants::default())),
            added: None,
        };
        let place = if own {
            ToolPlace::Own
        } else {
            ToolPlace::Remote {
                url: url.clone(),
                authorization: token.map(Credential::new),
                headers: Vec::new(),
            }
        };
        Ok(Self {
            host: McpToolHost::with_stores(&settings, stores)?,
            server: ToolServer {
                label: "conformance".to_owned(),
                place,
            },
            url,
            owner: Owner {
                tenant: TenantId::default(),
                account: AccountId::parse("user_conformance")?,
            },
            registered: id.map(|id| (id, secret.map(Credential::new))),
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()?,
        })
    }

    /// What the server offers.
    pub async fn list(&self) -> anyhow::Result<Vec<ToolOffer>> {
        let listing = ToolListing {
            server: self.server.clone(),
            owner: self.owner.clone(),
        };
        for _ in 0..AUTHORIZATIONS_MAX {
            match self.host.list(listing.clone()).await {
                Err(ToolFailure::Unauthorized) => self.authorize().await?,
                listed => return Ok(listed?),
            }
        }
        anyhow::bail!("the server asks for one authorization after another")
    }

    /// Calls a tool.
    pub async fn call(&self, number: usize, wished: &Call) -> anyhow::Result<ToolResult> {
        let call = ToolCall {
            server: self.server.clone(),
            tool: wished.tool.clone(),
            arguments: wished.arguments.clone(),
            step: StepId::parse(&format!("step_{number}"))?,
            owner: self.owner.clone(),
            traceparent: None,
            request_id: String::new(),
            keeps_content: true,
        };
        for _ in 0..AUTHORIZATIONS_MAX {
            match self.host.call(call.clone()).await {
                Err(ToolFailure::Unauthorized) => self.authorize().await?,
                called => return Ok(called?),
            }
        }
        anyhow::bail!("the server asks for one authorization after another")
    }

    /// The person agrees.
    async fn authorize(&self) -> anyhow::Result<()> {
        let wish = AuthorizationWish {
            server: NamedServer::Url(self.url.clone()),
            scopes: Vec::new(),
            client: self.registered.clone(),
        };
        let begun = self.host.begin(self.owner.clone(), wish).await?;
        let page = self.http.get(&begun.url).send().await?;
        let back = page
            .headers()
            .get("location")
            .context("nobody sends back")?;
        let back = reqwest::Url::parse(back.to_str()?)?;
        let of = |name: &str| {
            let mut pairs = back.query_pairs();
            let found = pairs.find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned())
        };
        let answer = AuthorizationAnswer {
            state: of("state").context("no state")?,
            code: Credential::new(of("code").context("no code")?),
            issuer: of("iss"),
        };
        self.host.finish(answer).await?;
        Ok(())
    }
}
