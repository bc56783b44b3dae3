//! A last look at what a socket really reached, before a byte of the request goes through it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tower::{BoxError, Layer, Service};

use super::vetting::{AddressRefusal, Policy};

/// Wraps the client's connector.
#[derive(Clone)]
pub(super) struct CheckReached {
    policy: Arc<Policy>,
    /// Whether only public addresses may be reached.
    public_only: bool,
}

impl CheckReached {
    /// Lets nothing be reached but public addresses of others.
    pub(super) fn public(policy: &Arc<Policy>) -> Self {
        Self {
            policy: Arc::clone(policy),
            public_only: true,
        }
    }

    /// Lets everything be reached but ourselves.
    pub(super) fn anywhere(policy: &Arc<Policy>) -> Self {
        Self {
            policy: Arc::clone(policy),
            public_only: false,
        }
    }

    fn refusal(&self, reached: Option<&HttpInfo>) -> Option<AddressRefusal> {
        let Some(reached) = reached else {
            return Some(AddressRefusal::NotPublic);
        };
        let (from, to) = (reached.local_addr(), reached.remote_addr());
        if self.policy.own.are_reached(from, to) {
            return Some(AddressRefusal::Ourselves);
        }
        let inside = self.public_only && !self.policy.reaches(to.ip());
        inside.then_some(AddressRefusal::NotPublic)
    }
}

impl<S> Layer<S> for CheckReached {
    type Service = Checked<S>;

    fn layer(&self, connector: S) -> Checked<S> {
        Checked {
            connector,
            check: self.clone(),
        }
    }
}

/// A connector whose connections have been looked at.
#[derive(Clone)]
pub(super) struct Checked<S> {
    connector: S,
    check: CheckReached,
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
        let check = self.check.clone();
        Box::pin(async move {
            let connection = connecting.await?;
            let mut extras = http::Extensions::new();
            connection.connected().get_extras(&mut extras);
            match check.refusal(extras.get::<HttpInfo>()) {
                Some(refusal) => Err(refusal.into()),
                None => Ok(connection),
            }
        })
    }
}
