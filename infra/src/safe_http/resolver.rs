//! Names become addresses here and nowhere else, so what was looked at is what is connected to.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::vetting::{AddressRefusal, Policy};

/// Longest wait for a name's addresses.
const PATIENCE: Duration = Duration::from_secs(3);
/// A name with more addresses than this is a trick.
const ANSWERS_MAX: usize = 16;

/// Whoever knows the addresses of names.
pub(super) trait Lookup: Send + Sync {
    fn look_up(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The operating system's resolver.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn look_up(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            let answers = tokio::net::lookup_host((name, 0)).await?;
            Ok(answers.map(|answer| answer.ip()).collect())
        })
    }
}

/// Lets a name through only if every address it has may be connected to.
#[derive(Clone)]
pub(super) struct VettingResolver {
    policy: Arc<Policy>,
    lookup: Arc<dyn Lookup>,
}

impl VettingResolver {
    pub(super) fn new(policy: Arc<Policy>, lookup: Arc<dyn Lookup>) -> Self {
        Self { policy, lookup }
    }

    async fn addresses(self, name: String) -> Result<Vec<IpAddr>, AddressRefusal> {
        let asked = tokio::time::timeout(PATIENCE, self.lookup.look_up(name)).await;
        let Ok(Ok(mut answers)) = asked else {
            return Err(AddressRefusal::Unresolved);
        };
        answers.dedup();
        if answers.is_empty() || answers.len() > ANSWERS_MAX {
            return Err(AddressRefusal::Unresolved);
        }
        if answers.iter().all(|answer| self.policy.reaches(*answer)) {
            Ok(answers)
        } else {
            Err(AddressRefusal::ResolvesInside)
        }
    }
}

impl Resolve for VettingResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let asking = self.clone().addresses(name.as_str().to_owned());
        Box::pin(async move {
            let answers = asking.await?;
            let answers = answers.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(answers) as Addrs)
        })
    }
}
