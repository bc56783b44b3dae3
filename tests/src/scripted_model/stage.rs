//! What the requests of one scripted model share.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::bench::Bench;
use super::directives::Directives;
use super::fault::FaultDirective;
use super::ledger::Ledger;
use super::options::Options;
use super::refusal::Refusal;

#[derive(Debug)]
pub(super) struct Stage {
    pub(super) options: Options,
    pub(super) ledger: Arc<Ledger>,
    pub(super) bench: Bench,
    /// The `authorization` header every call must carry, if any must.
    pub(super) authorization: Option<String>,
    answers: AtomicU64,
    /// Keys of `fault_once` that have had their fault.
    spent: Mutex<HashSet<String>>,
}

/// How fast an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    pub(super) first: Duration,
    pub(super) between: Duration,
}

impl Stage {
    pub(super) fn new(options: Options) -> Self {
        Self {
            ledger: Arc::new(Ledger::new(options.requests_kept_max)),
            bench: Bench::prepare(&options),
            authorization: options.api_key.as_ref().map(|key| format!("Bearer {key}")),
            answers: AtomicU64::new(0),
            spent: Mutex::default(),
            options,
        }
    }

    /// Counts from 1; no two answers have the same number.
    pub(super) fn next_number(&self) -> u64 {
        self.answers.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub(super) fn ensure_served(&self, model: &str) -> Result<(), Refusal> {
        if self.options.served().any(|served| served == model) {
            return Ok(());
        }
        Err(Refusal::unknown_model(model))
    }

    /// The prompt's pace where it names one, ours elsewhere.
    pub(super) fn pace(&self, directives: &Directives) -> Pace {
        let Options {
            first_token_ms,
            frame_ms,
            ..
        } = self.options;
        Pace {
            first: Duration::from_millis(directives.first_token_ms.unwrap_or(first_token_ms)),
            between: Duration::from_millis(directives.frame_ms.unwrap_or(frame_ms)),
        }
    }

    pub(super) fn own_pace(&self) -> Pace {
        let Options {
            first_token_ms,
            frame_ms,
            ..
        } = self.options;
        Pace {
            first: Duration::from_millis(first_token_ms),
            between: Duration::from_millis(frame_ms),
        }
    }

    /// True unless the fault was meant for one request and that request has come.
    pub(super) fn is_due(&self, fault: &FaultDirective) -> bool {
        fault.once.as_ref().is_none_or(|key| {
            self.spent
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(key.clone())
        })
    }
}
