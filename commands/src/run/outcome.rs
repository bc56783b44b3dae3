use chrono::{DateTime, Utc};
use jan_domain::item::Item;
use jan_domain::response::{Answer, Ending, Usage};

use super::stream_event::{Outcome, RunEnding};

/// How a run ended, as its readers are told. `counted` is what its steps had cost when it failed.
pub(super) fn outcome_of(ending: &Ending, counted: Option<Usage>, at: DateTime<Utc>) -> Outcome {
    let output = |answer: &Answer| -> Vec<Item> { answer.body.read().unwrap_or_default() };
    let (ending, output, usage) = match ending {
        Ending::Completed { answer, usage } => (RunEnding::Completed, output(answer), Some(*usage)),
        Ending::Incomplete {
            answer,
            usage,
            reason,
        } => (RunEnding::Incomplete(*reason), output(answer), Some(*usage)),
        Ending::Cancelled { answer, usage } => (RunEnding::Cancelled, output(answer), Some(*usage)),
        Ending::Failed { failure, partial } => (
            RunEnding::Failed(failure.clone()),
            partial.as_ref().map(output).unwrap_or_default(),
            counted.filter(|usage| !usage.is_none()),
        ),
    };
    Outcome {
        ending,
        output,
        usage,
        at,
    }
}
