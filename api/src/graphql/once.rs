//! `idempotencyKey` of mutations: the same key carries a mutation out once, as the REST API's header
//! does a request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use jan_commands::store::{Claim, IdempotencyKey, Outcome};
use jan_domain::Caller;
use jan_domain::metadata::Request;
use jan_domain::ports::{IdGenerator, SeededIds};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use tracing::Instrument;

use super::asking::Asking;
use crate::context::{Flavour, RequestContext};
use crate::error::{ApiError, status_of_kept_mutation};
use crate::idempotency::{Ending, claim, malformed, seed, settle, well_formed};
use crate::state::ApiState;

/// What a mutation works with. It needs nothing of the request around it, so it can go on without.
pub(super) struct Hand {
    pub(super) state: ApiState,
    pub(super) caller: Arc<Caller>,
    pub(super) request: Request,
    /// Fresh, or drawn from the key.
    pub(super) ids: Arc<dyn IdGenerator>,
    /// Whether they are drawn from a key, so that this may have been carried out before.
    pub(super) repeatable: bool,
}

impl Hand {
    /// The same, for what handlers of the REST API do as well.
    pub(super) fn context(&self) -> RequestContext {
        RequestContext {
            request: self.request.clone(),
            flavour: Flavour::OpenAi,
            ids: Arc::clone(&self.ids),
            repeatable: self.repeatable,
            eventual: false,
        }
    }
}

/// Carries a mutation out, or tells again what it came to under this key. `input` is all that was
/// asked for, the key left out.
pub(super) async fn once<T, Done>(
    asking: &Asking,
    name: &str,
    (key, input): (Option<String>, &impl Serialize),
    carry_out: impl FnOnce(Hand) -> Done + Send + 'static,
) -> Result<T, ApiError>
where
    T: Serialize + DeserializeOwned + Send + 'static,
    Done: Future<Output = Result<T, ApiError>> + Send + 'static,
{
    let hand = Hand {
        state: asking.state.clone(),
        caller: Arc::clone(&asking.caller),
        request: asking.context.request.clone(),
        ids: Arc::clone(&asking.context.ids),
        repeatable: asking.context.repeatable,
    };
    let done = match key {
        None => carry_out(hand).await,
        Some(key) => {
            let key = key_of(asking, name, &key, input)?;
            // A claim that is dropped half-way would keep its key in use.
            let tracker = asking.state.commands.tracker.clone();
            let carried_out = tracker.spawn(under(key, hand, carry_out).in_current_span());
            carried_out.await.map_err(|_| ApiError::panicked())?
        }
    };
    asking.forget_reached();
    done
}

fn key_of(
    asking: &Asking,
    name: &str,
    key: &str,
    input: &impl Serialize,
) -> Result<IdempotencyKey, ApiError> {
    let key = well_formed(key).ok_or_else(|| malformed().at("idempotencyKey"))?;
    let input = serde_json::to_vec(input).map_err(|error| ApiError::internal(&error))?;
    Ok(IdempotencyKey {
        owner: asking.caller.owner.clone(),
        route: format!("graphql {name}"),
        key: key.to_owned(),
        body_hash: Sha256::digest(input).into(),
    })
}

async fn under<T, Done>(
    key: IdempotencyKey,
    mut hand: Hand,
    carry_out: impl FnOnce(Hand) -> Done,
) -> Result<T, ApiError>
where
    T: Serialize + DeserializeOwned,
    Done: Future<Output = Result<T, ApiError>>,
{
    let state = hand.state.clone();
    match claim(&state, &key).await? {
        Claim::InFlight => return Err(ApiError::key_in_flight().at("idempotencyKey")),
        Claim::OtherBody => return Err(ApiError::key_reused().at("idempotencyKey")),
        Claim::Finished(Outcome {
            body: Some(kept), ..
        }) => return serde_json::from_slice(&kept).map_err(|error| ApiError::internal(&error)),
        Claim::Finished(_) | Claim::Ours => {}
    }
    hand.ids = Arc::new(SeededIds::new(seed(&key)));
    hand.repeatable = true;
    // The catcher around all routes is outside this task, and would not let the key go.
    let done = AssertUnwindSafe(carry_out(hand)).catch_unwind().await;
    let done = done.unwrap_or_else(|cause| {
        crate::log_panic(&*cause);
        Err(ApiError::panicked())
    });
    settle(&state, &key, ending_of(&state, done.as_ref().ok())).await;
    done
}

/// Only successes are kept, as they are for requests.
fn ending_of(state: &ApiState, done: Option<&impl Serialize>) -> Ending {
    let Some(Ok(body)) = done.map(serde_json::to_vec) else {
        return Ending::Released;
    };
    let small = body.len() <= state.server.limits.kept_answer_bytes;
    Ending::Finished(Outcome {
        status: status_of_kept_mutation(),
        body: small.then_some(body),
    })
}
