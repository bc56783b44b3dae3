use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jan_domain::ports::ToolFailure;
use rmcp::ServiceError;
use rmcp::model::{ClientRequest, ServerResult};
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::endpoint::{Endpoint, EndpointKey};
use super::failure::{self, Setback};
use super::session::Session;
use super::wire::Note;

/// Sessions kept at once; the one that was idle longest makes room.
const KEPT_MAX: usize = 256;

/// Sessions that are kept for a while after their last use, one per endpoint.
pub(super) struct Sessions {
    kept: Arc<Mutex<HashMap<EndpointKey, Arc<Slot>>>>,
    farewells: TaskTracker,
    /// Holds the one task that ends idle sessions; dropping the set aborts it.
    _sweeping: JoinSet<()>,
}

struct Slot {
    session: OnceCell<Arc<Session>>,
    used: Mutex<Instant>,
}

impl Sessions {
    /// Keeps sessions that long. To be called within a runtime.
    pub(super) fn new(idle: Duration) -> Self {
        let kept = Arc::default();
        let mut sweeping = JoinSet::new();
        sweeping.spawn(sweep(Arc::downgrade(&kept), idle));
        Self {
            kept,
            farewells: TaskTracker::new(),
            _sweeping: sweeping,
        }
    }

    /// Asks once. A server that has forgotten its session has not looked at the request, so that one
    /// is asked again in a new session.
    pub(super) async fn ask(
        &self,
        endpoint: &Endpoint,
        request: ClientRequest,
        note: &Note,
    ) -> Result<ServerResult, Setback> {
        let session = self.session(endpoint).await?;
        let answer = session.request(request.clone(), note.clone()).await;
        match answer {
            Err(error) if failure::is_session_expired(&error) => {
                self.forget(endpoint.key, &session);
                note.take_back();
            }
            answer => return answer.map_err(|error| of_request(error, &session, endpoint)),
        }
        let session = self.session(endpoint).await?;
        let answer = session.request(request, note.clone()).await;
        answer.map_err(|error| of_request(error, &session, endpoint))
    }

    /// The version of the protocol that was agreed on with an endpoint, while its session is kept.
    pub(super) fn version(&self, key: EndpointKey) -> Option<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&key)?.session.get()?.version()
    }

    /// The endpoint's session, opened if there is none; those who ask meanwhile wait for the same.
    async fn session(&self, endpoint: &Endpoint) -> Result<Arc<Session>, Setback> {
        let slot = self.slot(endpoint.key);
        let open = || async {
            let session = Session::open(endpoint, self.farewells.clone()).await?;
            Ok(Arc::new(session))
        };
        let session = slot.session.get_or_try_init(open).await;
        session.cloned().map_err(Setback::Failed)
    }

    fn slot(&self, key: EndpointKey) -> Arc<Slot> {
        let now = Instant::now();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = kept.get(&key).filter(|slot| !slot.is_closed()) {
            slot.touch(now);
            return Arc::clone(slot);
        }
        if kept.len() >= KEPT_MAX {
            let idlest = kept.iter().min_by_key(|(_, slot)| slot.used());
            let idlest = idlest.map(|(key, _)| *key);
            idlest.and_then(|key| kept.remove(&key));
        }
        let slot = Arc::new(Slot {
            session: OnceCell::new(),
            used: Mutex::new(now),
        });
        kept.insert(key, Arc::clone(&slot));
        slot
    }

    fn forget(&self, key: EndpointKey, session: &Arc<Session>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |slot: &Arc<Slot>| {
            let kept = slot.session.get();
            kept.is_some_and(|kept| Arc::ptr_eq(kept, session))
        };
        if kept.get(&key).is_some_and(same) {
            kept.remove(&key);
        }
    }
}

impl Slot {
    fn is_closed(&self) -> bool {
        self.session
            .get()
            .is_some_and(|session| session.is_closed())
    }

    /// Whether a request is under way, which holds the session too.
    fn is_busy(&self) -> bool {
        let session = self.session.get();
        session.is_none_or(|session| Arc::strong_count(session) > 1)
    }

    fn used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touch(&self, now: Instant) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

/// Why a request has no result; what a server says of credentials comes to the endpoint that asked,
/// since another may have opened the session.
fn of_request(error: ServiceError, session: &Session, endpoint: &Endpoint) -> Setback {
    let setback = failure::of_request(error);
    if matches!(setback, Setback::Failed(ToolFailure::Unauthorized)) {
        endpoint.challenge.take_over(session.challenge());
    }
    setback
}

/// Lets go of sessions that nobody has used for a while. What a slot that is still opening becomes
/// is known at the next round.
async fn sweep(kept: Weak<Mutex<HashMap<EndpointKey, Arc<Slot>>>>, idle: Duration) {
    loop {
        tokio::time::sleep(idle / 2).await;
        let Some(kept) = kept.upgrade() else { return };
        let now = Instant::now();
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, slot| {
            if slot.is_busy() && slot.session.initialized() {
                slot.touch(now);
            }
            now.duration_since(slot.used()) < idle
        });
    }
}
