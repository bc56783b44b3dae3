use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jan_domain::ports::{AddedFailure, AddedServer, AddedServers, AdditionRefused, ServerChange};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::own_server::OwnServer;
use super::pins::Pins;
use super::settings::{ToolLimits, ToolServerSettings};
use crate::safe_http::SafeHttp;
use crate::secret::Secret;

/// How old what a node knows may become before it asks again.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The servers that administrators have added, as this node knows them. They are reached like those
/// that callers name: who has an administrator's token is not yet inside.
pub(super) struct Added {
    store: Option<Arc<dyn AddedServers>>,
    how: How,
    known: Mutex<Known>,
    now: RwLock<Arc<[Arc<OwnServer>]>>,
}

/// How a server becomes one that can be asked.
pub(super) struct How {
    pub(super) safe_http: SafeHttp,
    pub(super) pins: Pins,
    pub(super) limits: ToolLimits,
}

#[derive(Default)]
struct Known {
    looked: Option<Instant>,
    servers: Vec<(AddedServer, Arc<OwnServer>)>,
}

impl Added {
    pub(super) fn new(store: Option<Arc<dyn AddedServers>>, how: How) -> Self {
        Self {
            store,
            how,
            known: Mutex::default(),
            now: RwLock::new(Arc::new([])),
        }
    }

    /// All of them, at most a little while ago. While somebody asks, what was known counts.
    pub(super) async fn current(&self) -> Arc<[Arc<OwnServer>]> {
        if let Ok(mut known) = self.known.try_lock()
            && known
                .looked
                .is_none_or(|looked| looked.elapsed() >= LOOK_EVERY)
        {
            known.looked = Some(Instant::now());
            if let Err(error) = self.look(&mut known).await {
                tracing::warn!(error = %error, "added tool servers are as they were known");
            }
        }
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds one, if it can be asked at all.
    pub(super) async fn add(&self, server: AddedServer) -> Result<Arc<OwnServer>, AdditionRefused> {
        self.how.made(&server)?;
        let label = server.label.clone();
        if !self.store(&label)?.add(server).await? {
            return Err(AdditionRefused::Taken(label));
        }
        self.look_for(&label).await
    }

    /// Changes one.
    pub(super) async fn change(
        &self,
        label: &str,
        change: ServerChange,
    ) -> Result<Arc<OwnServer>, AdditionRefused> {
        let store = self.store(label)?;
        let all = store.all().await?;
        let unknown = || AdditionRefused::Unknown(label.to_owned());
        let before = all.into_iter().find(|server| server.label == label);
        let server = change.of(before.ok_or_else(unknown)?);
        self.how.made(&server)?;
        if !store.change(server).await? {
            return Err(unknown());
        }
        self.look_for(label).await
    }

    /// Removes one.
    pub(super) async fn remove(&self, label: &str) -> Result<(), AdditionRefused> {
        if !self.store(label)?.remove(label).await? {
            return Err(AdditionRefused::Unknown(label.to_owned()));
        }
        let mut known = self.known.lock().await;
        Ok(self.look(&mut known).await?)
    }

    fn store(&self, label: &str) -> Result<&dyn AddedServers, AdditionRefused> {
        let unknown = || AdditionRefused::Unknown(label.to_owned());
        self.store.as_deref().ok_or_else(unknown)
    }

    async fn look_for(&self, label: &str) -> Result<Arc<OwnServer>, AdditionRefused> {
        let mut known = self.known.lock().await;
        self.look(&mut known).await?;
        let mut servers = known.servers.iter();
        let found = servers.find(|(server, _)| server.label == label);
        let found = found.map(|(_, server)| Arc::clone(server));
        found.ok_or_else(|| AdditionRefused::Unknown(label.to_owned()))
    }

    /// Takes in what has changed; who has not changed stays, with what is known of it.
    async fn look(&self, known: &mut Known) -> Result<(), AddedFailure> {
        let Some(store) = &self.store else {
            return Ok(());
        };
        let mut servers = Vec::new();
        for server in store.all().await? {
            let same = known.servers.iter().find(|(before, _)| *before == server);
            let made = match same {
                Some((_, made)) => Ok(Arc::clone(made)),
                None => self.how.made(&server).map(Arc::new),
            };
            match made {
                Ok(made) => servers.push((server, made)),
                Err(error) => tracing::warn!(
                    tool_server.name = server.label,
                    "an added tool server is left out: {error}"
                ),
            }
        }
        known.looked = Some(Instant::now());
        let now = servers.iter().map(|(_, made)| Arc::clone(made)).collect();
        known.servers = servers;
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(())
    }
}

impl How {
    fn made(&self, server: &AddedServer) -> Result<OwnServer, AdditionRefused> {
        let vetted = self.safe_http.vet(&server.url).map_err(|refusal| {
            tracing::warn!("the address of a tool server is not called: {refusal}");
            AdditionRefused::Forbidden
        })?;
        let secret = |key: &Option<jan_domain::ports::Credential>| {
            let key = key.as_ref();
            key.map(|key| Secret::new(key.reveal().to_owned()))
        };
        let settings = ToolServerSettings {
            api_key: secret(&server.api_key),
            auth: server.auth,
            client_id: server.client_id.clone(),
            client_secret: secret(&server.client_secret),
            scopes: server.scopes.clone(),
            allowed_tools: server.allowed_tools.clone(),
            pin: server.pin.clone(),
            limits: self.limits.clone(),
            ..ToolServerSettings::new(&server.label, vetted.as_str())
        };
        let client = self.safe_http.client(&vetted).clone();
        OwnServer::reached_by(client, &settings, self.pins)
            .map(OwnServer::that_was_added)
            .map_err(|error| AdditionRefused::Unusable(error.to_string()))
    }
}
