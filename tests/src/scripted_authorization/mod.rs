//! A tool server that wants everybody's own word, and the authorization server that gives it: OAuth
//! 2.1 with registration, PKCE, refresh tokens that are good once, and client credentials. Behind it
//! are the scripted tools. [`Script`] says what goes wrong.

mod answers;
mod guard;
mod office;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use self::office::Office;

/// How it behaves.
#[derive(Debug, Clone)]
pub struct Script {
    /// How long a token lives, in seconds.
    pub lives: u64,
    /// Whether it registers clients by itself.
    pub registers: bool,
    /// The resource that its metadata is about, in place of its own.
    pub resource: Option<String>,
    /// The authorization server that it names, in place of its own.
    pub authorization_server: Option<String>,
    /// The `iss` in its answers, in place of its own.
    pub issuer: Option<String>,
    /// A scope without which `charge` is refused.
    pub charge_needs: Option<String>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            lives: 3_600,
            registers: true,
            resource: None,
            authorization_server: None,
            issuer: None,
            charge_needs: None,
        }
    }
}

/// What a person brings back from it.
#[derive(Debug, Clone)]
pub struct Brought {
    /// Our own `state`.
    pub state: String,
    /// The code.
    pub code: String,
    /// Who gave it.
    pub iss: String,
}

/// Both servers, running. They stop when it is dropped.
pub struct ScriptedAuthorization {
    address: SocketAddr,
    office: Arc<Office>,
    /// Holds the one task that serves; dropping the set aborts it.
    _serving: JoinSet<()>,
}

impl ScriptedAuthorization {
    /// Starts before an MCP endpoint.
    ///
    /// # Panics
    ///
    /// If the machine has no free port.
    pub async fn before(tools: String, script: Script) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a loopback port is free");
        let address = listener.local_addr().expect("it is bound");
        // The process has one provider; the first to ask installs it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        let places = (format!("http://{address}"), tools);
        let office = Arc::new(Office::new(places, script, http));
        let router = Router::new()
            .route("/mcp", post(guard::pass))
            .route(
                "/.well-known/oauth-protected-resource/mcp",
                get(answers::resource),
            )
            .route(
                "/.well-known/oauth-authorization-server",
                get(answers::metadata),
            )
            .route("/register", post(answers::register))
            .route("/authorize", get(answers::authorize))
            .route("/token", post(answers::token))
            .with_state(Arc::clone(&office));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            // It serves until it is aborted.
            drop(axum::serve(listener, router).await);
        });
        Self {
            address,
            office,
            _serving: serving,
        }
    }

    /// The guarded MCP endpoint.
    pub fn url(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    /// Goes where the client sends a person, who agrees, and gives what is brought back.
    ///
    /// # Panics
    ///
    /// If the page does not send back.
    pub async fn agree(&self, page: &str) -> Brought {
        let answer = self.office.http.get(page).send().await.expect("an answer");
        assert_eq!(answer.status(), 302, "{page}");
        let location = answer.headers()["location"].to_str().expect("a text");
        let location = reqwest::Url::parse(location).expect("a URL");
        let of = |name: &str| {
            let mut pairs = location.query_pairs();
            let found = pairs.find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned())
        };
        Brought {
            state: of("state").expect("a state"),
            code: of("code").expect("a code"),
            iss: of("iss").unwrap_or_default(),
        }
    }

    /// From now on no access token that was given is taken; refresh tokens are.
    pub fn forget_tokens(&self) {
        self.office.forget(false);
    }

    /// From now on nothing that was given is taken.
    pub fn revoke_all(&self) {
        self.office.forget(true);
    }

    /// Tokens that were asked for at the token endpoint, by kind of grant.
    pub fn asked(&self) -> Vec<String> {
        self.office.asked()
    }

    /// Bearer tokens that came to the MCP endpoint, one per request.
    pub fn bearers(&self) -> Vec<String> {
        self.office.bearers()
    }

    /// The form of the last request for a token.
    pub fn last_form(&self) -> Value {
        self.office.last_form()
    }

    /// All tokens, codes and secrets that it ever gave out.
    pub fn secrets(&self) -> Vec<String> {
        self.office.secrets()
    }
}
