//! A last look at what a socket really reached, before a byte of the request goes through it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tower::{BoxError, Layer, Service};

use super::vetting::{AddressRefusal, Policy};

/// Wraps the client's connector.
#[derive(Clone)]
pub(super) struct CheckReached(pub(super) Arc<Policy>);

impl<S> Layer<S> for CheckReached {
    type Service = Checked<S>;

    fn layer(&self, connector: S) -> Checked<S> {
        Checked {
            connector,
            policy: Arc::clone(&self.0),
        }
    }
}

/// A connector whose connections have been looked at.
#[derive(Clone)]
pub(super) struct Checked<S> {
    connector: S,
    policy: Arc<Policy>,
}

impl<S, Destination> Service<Destination> for Checked<S>
where
    S: Service<Destination, Error = BoxError>,
    S::Response: Connection,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, destination: Destination) -> Self::Future {
        let connecting = self.connector.call(destination);
        let policy = Arc::clone(&self.policy);
        Box::pin(async move {
            let connection = connecting.await?;
            let mut extras = http::Extensions::new();
            connection.connected().get_extras(&mut extras);
            let reached = extras.get::<HttpInfo>().map(HttpInfo::remote_addr);
            match reached {
                Some(address) if policy.reaches(address.ip()) => Ok(connection),
                _ => Err(AddressRefusal::NotPublic.into()),
            }
        })
    }
}
