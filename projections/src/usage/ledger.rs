use std::ops::AddAssign;

use chrono::NaiveDate;
use jan_domain::caller::Owner;
use jan_domain::response::Usage;

/// Where a call is booked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ledger {
    pub(super) tenant: String,
    pub(super) account: String,
    pub(super) model: String,
    /// The UTC day on which the call was accepted.
    pub(super) day: NaiveDate,
}

/// What is booked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) requests: i64,
    pub(super) completed: i64,
    pub(super) incomplete: i64,
    pub(super) failed: i64,
    pub(super) input_tokens: i64,
    pub(super) cached_tokens: i64,
    pub(super) output_tokens: i64,
    pub(super) reasoning_tokens: i64,
}

impl Ledger {
    pub(super) fn of(owner: &Owner, model: &str, day: NaiveDate) -> Self {
        Self {
            tenant: owner.tenant.as_str().to_owned(),
            account: owner.account.as_str().to_owned(),
            model: model.to_owned(),
            day,
        }
    }
}

impl Counts {
    pub(super) fn requested() -> Self {
        Self {
            requests: 1,
            ..Self::default()
        }
    }

    pub(super) fn of(usage: Usage) -> Self {
        Self {
            input_tokens: bounded(usage.input_tokens),
            cached_tokens: bounded(usage.cached_tokens),
            output_tokens: bounded(usage.output_tokens),
            reasoning_tokens: bounded(usage.reasoning_tokens),
            ..Self::default()
        }
    }
}

/// A provider may claim any number of tokens; more than 2^48 in one call is not believed, so that
/// sums never overflow.
fn bounded(tokens: u64) -> i64 {
    const MOST: u64 = 1 << 48;
    i64::try_from(tokens.min(MOST)).expect("the bound fits")
}

impl AddAssign for Counts {
    fn add_assign(&mut self, more: Self) {
        self.requests += more.requests;
        self.completed += more.completed;
        self.incomplete += more.incomplete;
        self.failed += more.failed;
        self.input_tokens += more.input_tokens;
        self.cached_tokens += more.cached_tokens;
        self.output_tokens += more.output_tokens;
        self.reasoning_tokens += more.reasoning_tokens;
    }
}
