use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::retelling::Retelling;
use super::{RunChannel, StreamEvent};

/// Tells what happens in a run to whoever reads its stream. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Teller {
    channel: Arc<RunChannel>,
    told_before: Arc<Mutex<Retelling>>,
    /// Rung when something is to be written down before anyone may read it; nobody listens when the
    /// stream is not kept.
    written_down: Option<Arc<Notify>>,
}

impl Teller {
    /// Tells a stream that nobody can come back to.
    pub(crate) fn passing(channel: Arc<RunChannel>) -> Self {
        Self {
            channel,
            told_before: Arc::default(),
            written_down: None,
        }
    }

    /// Tells a stream that is written down first, and goes on after `told`.
    pub(crate) fn kept(channel: Arc<RunChannel>, told: &[StreamEvent], bell: Arc<Notify>) -> Self {
        Self {
            channel,
            told_before: Arc::new(Mutex::new(Retelling::of(told))),
            written_down: Some(bell),
        }
    }

    /// Tells an event, unless it was told before.
    pub(crate) fn tell(&self, event: StreamEvent) {
        let mut before = self
            .told_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(event) = before.fresh(event) else {
            return;
        };
        self.channel.hold(event);
        match &self.written_down {
            Some(bell) => bell.notify_one(),
            None => self.channel.release(1),
        }
    }
}
