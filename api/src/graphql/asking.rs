//! What resolvers know of the request that they answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::Context;
use async_graphql::dataloader::DataLoader;
use jan_domain::{Caller, CallerKind};
use jan_projections::{ReadModel, ReadModels};
use tokio::sync::OnceCell;

use super::loader::Loader;
use super::user_error::UserError;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::reading;
use crate::state::ApiState;

/// One request: who asks, through what, and what was read for it so far.
pub(super) struct Asking {
    pub(super) state: ApiState,
    pub(super) caller: Arc<Caller>,
    pub(super) context: RequestContext,
    /// Made for this caller and this request: nothing that it has loaded can reach anybody else.
    pub(super) loader: DataLoader<Loader>,
    reached: Mutex<Arc<Reached>>,
    refused: AtomicBool,
}

/// Read models that were waited for.
#[derive(Default)]
struct Reached([OnceCell<()>; ReadModel::ALL.len()]);

impl Asking {
    pub(super) fn new(state: ApiState, caller: Arc<Caller>, context: RequestContext) -> Self {
        let tracker = state.commands.tracker.clone();
        let loader = Loader::new(state.reads.clone(), caller.owner.clone());
        Self {
            loader: DataLoader::new(loader, move |batch| tracker.spawn(batch)),
            state,
            caller,
            context,
            reached: Mutex::default(),
            refused: AtomicBool::new(false),
        }
    }

    /// The request behind a resolver.
    pub(super) fn of<'c>(ctx: &Context<'c>) -> &'c Self {
        ctx.data_unchecked::<Arc<Self>>()
    }

    pub(super) fn reads(&self) -> &ReadModels {
        &self.state.reads
    }

    /// Waits until `model` has everything that was acknowledged before. Fields beside each other
    /// wait once.
    pub(super) async fn reach(&self, model: ReadModel) -> Result<(), ApiError> {
        let reached = {
            let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&reached)
        };
        let place = ReadModel::ALL.iter().position(|known| *known == model);
        let Some(cell) = place.and_then(|place| reached.0.get(place)) else {
            return Ok(());
        };
        let waiting = || async {
            reading::reach(self.reads(), model, &self.context).await?;
            Ok(())
        };
        cell.get_or_try_init(waiting).await.copied()
    }

    /// Something was written: whatever is read from now on waits again.
    pub(super) fn forget_reached(&self) {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        *reached = Arc::default();
    }

    /// What a mutation did, or why not. What its caller cannot put right is no part of an answer.
    pub(super) fn told<T>(
        &self,
        done: Result<T, ApiError>,
    ) -> Result<(Option<T>, Vec<UserError>), ApiError> {
        match done {
            Ok(done) => Ok((Some(done), Vec::new())),
            Err(error) if error.is_callers() => {
                self.refused.store(true, Ordering::Relaxed);
                Ok((None, vec![UserError::from(&error)]))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether anything that was asked for was not done.
    pub(super) fn has_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Lets only administrators on.
    pub(super) fn require_administrator(&self) -> Result<(), ApiError> {
        if self.caller.kind == CallerKind::Admin {
            return Ok(());
        }
        Err(ApiError::administrators_only())
    }
}
