use std::sync::Arc;

use serde_json::{Map, Value};

use super::ledger::{Circumstances, Ledger};

/// A call under way. If it is dropped before its answer is ready, its caller went away.
pub(super) struct Performance {
    ledger: Arc<Ledger>,
    number: usize,
    ended: bool,
}

impl Performance {
    /// The effect happens here.
    pub(super) fn begin(
        ledger: &Arc<Ledger>,
        tool: &str,
        arguments: &Map<String, Value>,
        around: Circumstances,
    ) -> Self {
        Self {
            number: ledger.enter(tool, arguments, around),
            ledger: Arc::clone(ledger),
            ended: false,
        }
    }

    /// The answer is ready, or there will be none.
    pub(super) fn end(mut self) {
        self.ended = true;
        self.ledger.close(self.number, false);
    }
}

impl Drop for Performance {
    fn drop(&mut self) {
        if !self.ended {
            self.ledger.close(self.number, true);
        }
    }
}
